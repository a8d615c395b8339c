"""Plain views: the ORM, a dict, JsonResponse."""

import json

from blog.models import Comment
from django.contrib.auth.models import User
from django.http import JsonResponse
from django.views.decorators.http import require_POST


def hello(request):
    return JsonResponse({"message": "Hello, world!"})


def read_item(request, item_id):
    return JsonResponse({"item_id": item_id, "q": request.GET.get("q")})


def list_users(request):
    return JsonResponse([user_data(user) for user in User.objects.order_by("id")[:10]], safe=False)


def get_user(request, user_id):
    return JsonResponse(user_data(User.objects.get(id=user_id)))


@require_POST
def create_comment(request, article_id):
    data = json.loads(request.body)
    comment = Comment.objects.create(article_id=article_id, name=data["name"], text=data["text"])
    created = {"id": comment.id, "article_id": comment.article_id, "name": comment.name, "text": comment.text}
    return JsonResponse(created, status=201)


def user_data(user):
    return {
        "id": user.id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
    }
