"""Accounts and entries on a PostgreSQL: a project of its own, with settings of its own, beside the other one."""
