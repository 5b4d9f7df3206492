"""URLs of the product and of the baseline views."""

from django.urls import path

from config.urls import urlpatterns as product
from tests.bench import baseline_views

# Below /hooks/, so that they pass exactly the middleware that the receiver passes.
urlpatterns = [
    path("hooks/bench/bare/", baseline_views.raw_insert_view),
    path("hooks/bench/serializer/", baseline_views.SerializerView.as_view()),
    *product,
]
