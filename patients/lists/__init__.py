"""List kit: filters, facet counts, sort columns and keyset pagination for pages that list rows.

A list page is one module with a context function, a page view and a live view:

    SORT_KEYS = (SortKey("opened_at", nulls="last"), SortKey("pk"))
    COLUMNS = (ListColumn("Patient"), ListColumn("Waiting since"))
    KINDS = ListFilter("kind", "Kind", {"stuck": FilterChoice("Stuck", Q(status__in=STUCK)), ...})

    def worklist_context(request, user):
        version = worklist_version(user)  # read before the rows, so that a change meanwhile is sent by the next poll
        visible = WorklistRow.objects.visible_to(user)
        chosen = SelectedFilters([KINDS], request.GET)
        counts = chosen.count(visible, KINDS)
        page = paginate(chosen.apply(visible), keys=SORT_KEYS, request=PageRequest.from_query(request.GET),
                        size=PAGE_SIZE, anchors=visible, rows=visible.select_related("patient"))
        audit_log.record_event(AuditAction.LIST, by=user, patients=[row.patient_id for row in page.rows])
        return {"version": version, "page": page, "filter_query": chosen.query, "columns": COLUMNS,
                "filter_rows": chosen.filter_rows({KINDS.name: counts})}

The live view has the same context under `polling.only_if_changed(worklist_version)`. Templates:
`_list_filters.html` (filter options as links or as buttons of a form), `_list_select.html` (one select of a form),
`_list_head.html` (column heads, with sort buttons where the list is sortable), `_pagination.html`. A link with
`data-preview` in a row's head cell takes part in the keyboard navigation of `list.js`. Rows link by `row_url`
(`row_links`), which resolves a route once. For a CSV file, pass the
filtered queryset's rows to `csv_writer.write_csv`.
"""
