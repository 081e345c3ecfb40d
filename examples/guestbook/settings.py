import os

RAMEKIN_URL = os.environ.get("RAMEKIN_URL", "http://127.0.0.1:8000")

SECRET_KEY = os.environ.get("SECRET_KEY", "for this machine alone")
DEBUG = True
ROOT_URLCONF = "guestbook.urls"
INSTALLED_APPS = ["guestbook"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True
