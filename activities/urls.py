from django.urls import path

from activities import views

app_name = "activities"
urlpatterns = [
    path("", views.task_list, name="task-list"),
    path("add/", views.add_task, name="add-task"),
    path("<uuid:task_id>/", views.task, name="task"),
    path("<uuid:task_id>/edit/", views.edit_task, name="edit-task"),
    path("<uuid:task_id>/start/", views.start_task, name="start-task"),
    path("<uuid:task_id>/send-to-review/", views.send_task_to_review, name="send-task-to-review"),
    path("<uuid:task_id>/complete/", views.complete_task, name="complete-task"),
    path("<uuid:task_id>/reopen/", views.reopen_task, name="reopen-task"),
    path("<uuid:task_id>/cancel/", views.cancel_task, name="cancel-task"),
]
