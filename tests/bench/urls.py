from django.urls import path

from config.urls import urlpatterns as product
from tests.bench import rivals

# Below /hooks/, so that they pass exactly the middleware that the receiver passes.
urlpatterns = [
    path("hooks/bench/bare/", rivals.bare),
    path("hooks/bench/serializer/", rivals.WithSerializer.as_view()),
    *product,
]
