"""The views and their paths."""

from django.urls import path

from django_site import views

urlpatterns = [
    path("hello", views.hello),
    path("items/<int:item_id>", views.read_item),
    path("users", views.list_users),
    path("async-for/users", views.list_users),
    path("users/<int:user_id>", views.get_user),
    path("def/users/<int:user_id>", views.get_user),
    path("articles/<int:article_id>/comments", views.create_comment),
]
