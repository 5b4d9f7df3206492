"""Routes of `/special-orders/`, the stock among them."""

from __future__ import annotations

from django.urls import path

from fulfillment.special_orders import order_views, stock_views

app_name = "special_orders"
urlpatterns = [
    path("", order_views.special_order_list, name="list"),
    path("read/", order_views.request_bulk_orders, name="read"),
    path("stock/", stock_views.stock_page, name="stock"),
    path("stock/scan/", stock_views.scan_item, name="scan"),
    path("stock/add/", stock_views.add_stock_item, name="add"),
    path("stock/<uuid:stock_item_id>/", stock_views.stock_item_page, name="stock_item"),
    path("stock/<uuid:stock_item_id>/correct/", stock_views.correct_stock_item, name="correct"),
    path("<int:special_order_id>/", order_views.special_order_page, name="page"),
]
