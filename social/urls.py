from django.urls import path

from social.views import blocks, connections, mails, messages, notices, people, reports

app_name = "social"
people_urls = [
    path("people/<slug:handle>/", people.person, name="person"),
]
block_urls = [
    path("people/<slug:handle>/block/", blocks.block_create, name="block_create"),
    path("people/<slug:handle>/unblock/", blocks.block_remove, name="block_remove"),
    path("settings/blocked/", blocks.blocked, name="blocked"),
]
connection_urls = [
    path(
        "people/<slug:handle>/connect/",
        connections.connection_request,
        name="connection_request",
    ),
    path("connections/", connections.connections, name="connections"),
    path(
        "connections/requests/",
        connections.connection_requests,
        name="connection_requests",
    ),
    path(
        "connections/<uuid:connection_id>/accept/",
        connections.connection_accept,
        name="connection_accept",
    ),
    path(
        "connections/<uuid:connection_id>/decline/",
        connections.connection_decline,
        name="connection_decline",
    ),
    path(
        "connections/<uuid:connection_id>/withdraw/",
        connections.connection_withdraw,
        name="connection_withdraw",
    ),
    path(
        "connections/<uuid:connection_id>/remove/",
        connections.connection_remove,
        name="connection_remove",
    ),
]
message_urls = [
    path("messages/", messages.conversations, name="conversations"),
    path("messages/left/<uuid:thread_id>/", messages.left_thread, name="left_thread"),
    path("messages/<slug:handle>/", messages.thread, name="thread"),
    path("messages/<slug:handle>/new/", messages.thread_news, name="thread_news"),
]
mail_urls = [
    path("settings/notifications/", mails.mail_choices, name="mail_choices"),
    path(
        "settings/notifications/off/<str:token>/",
        mails.mail_off,
        name="mail_off",
    ),
]
report_urls = [
    path("people/<slug:handle>/report/", reports.report_create, name="report_create"),
]
notice_urls = [
    path("notices/", notices.notices, name="notices"),
    path("notices/<uuid:notice_id>/", notices.notice, name="notice"),
    path(
        "notices/<uuid:notice_id>/appeal/",
        notices.appeal_create,
        name="appeal_create",
    ),
]
urlpatterns = [
    *people_urls,
    *block_urls,
    *connection_urls,
    *message_urls,
    *mail_urls,
    *report_urls,
    *notice_urls,
]
