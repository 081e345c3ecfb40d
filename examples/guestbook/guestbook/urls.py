from django.urls import path

from guestbook import views

urlpatterns = [
    path("", views.index, name="index"),
    path("sign", views.sign, name="sign"),
    path("entries/<str:id>", views.mend, name="mend"),
    path("entries/<str:id>/away", views.take_away, name="take_away"),
]
