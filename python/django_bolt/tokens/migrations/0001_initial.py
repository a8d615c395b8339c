"""The table."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes it."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="RevokedToken",
            fields=[
                ("key", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("before", models.FloatField()),
                ("until", models.FloatField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["until"], name="bolt_tokens_until")]},
        ),
    ]
