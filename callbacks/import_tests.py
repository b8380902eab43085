"""The import page: looking through an uploaded file again with every choice, and bringing it in."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from domain.errors import BadInput, NotFound
from domain.outcomes import TestState
from domain.roles import Permission
from domain.test_imports.rows import ImportRow
from jobs import test_imports
from jobs.test_imports import Preview, Said
from pages import import_tests as page
from pages.components import toast


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    me.require(Permission.IMPORT_TESTS)
    data = _import(me, asked.get("file", ""), asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("import-body", "children"),
        Output("import-file", "data"),
        Input("import-touched", "data"),
        prevent_initial_call=True,
    )
    def uploaded(file: str | None) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.IMPORT_TESTS)
        set_props("url", {"search": f"?file={viewer.key(file)}"})
        return _body(_import(me, str(file), {})), file

    @app.callback(
        Output("import-body", "children", allow_duplicate=True),
        Output("import-file", "data", allow_duplicate=True),
        Input("url", "search"),
        State("url", "pathname"),
        State("import-file", "data"),
        prevent_initial_call=True,
    )
    def went(search: str | None, path: str | None, shown: str | None) -> tuple[Any, Any]:
        asked = query_of(search)
        if path != page.PATH or asked.get("file", "") == (shown or ""):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.IMPORT_TESTS)
        data = _import(me, asked.get("file", ""), asked)
        return _body(data), data.file

    @app.callback(
        Output("import-said", "fields"),
        Output("import-columns", "fields"),
        Output("import-fold", "hidden"),
        Output("import-fold", "open"),
        Output("import-used", "children"),
        Output("import-found", "children"),
        Input("import-said", "value"),
        Input("import-columns", "value"),
        State("import-file", "data"),
        prevent_initial_call=True,
    )
    def choose(said: Mapping[str, str] | None, columns: Mapping[str, str] | None, file: str | None) -> tuple[Any, ...]:
        me = viewer.current()
        me.require(Permission.IMPORT_TESTS)
        data = _import(me, str(file), _asked(said, columns))
        set_props("answer", {"children": page.answer(data)})
        mapped = page.column_fields(data)
        opened = True if page.lacks_columns(data) else no_update  # what the person has folded stays folded
        return page.said_fields(data), mapped, not mapped, opened, page.used(data), page.render_found(data)

    @app.callback(
        Output("import-body", "children", allow_duplicate=True),
        Input("import-run", "n_clicks"),
        Input("import-leave-out", "n_clicks"),
        State("import-file", "data"),
        State("import-said", "value"),
        State("import-columns", "value"),
        prevent_initial_call=True,
        running=[
            (Output("import-run", "disabled"), True, False),
            (Output("import-leave-out", "disabled"), True, False),
        ],
    )
    def run(run_: int | None, leave_out: int | None, file: str | None, said: Any, columns: Any) -> Any:
        if not (run_ or leave_out):
            raise PreventUpdate
        me = viewer.current()
        asked = _said(_asked(said, columns))
        wrong_too = ctx.triggered_id == "import-leave-out"
        done = test_imports.run(me.actor, me.role, viewer.key(file), asked, leave_out=wrong_too)
        return page.render_done(
            page.Done(
                validated=done.validated,
                with_blue=done.with_blue,
                drafts=done.drafts,
                there=done.there,
                left_out=done.left_out,
            )
        )

    @app.callback(
        Output("import-body", "children", allow_duplicate=True),
        Output("import-file", "data", allow_duplicate=True),
        Input("import-discard", "n_clicks"),
        State("import-file", "data"),
        prevent_initial_call=True,
    )
    def discard(clicks: int | None, file: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        test_imports.discard(me.actor, me.role, viewer.key(file))
        set_props(toast.REGION, {"children": toast.toast("The file is discarded.")})
        set_props("url", {"search": ""})
        return _body(_import(me, "", {})), ""


def _body(data: page.Import) -> Any:
    # not an output: outputs outside the page would make Dash call this once more when the page opens
    set_props("answer", {"children": page.answer(data)})
    return page.render(data)


def _asked(said: object, columns: object) -> dict[str, str]:
    both = [one for one in (said, columns) if isinstance(one, dict)]
    return {str(name): text for one in both for name, text in one.items() if isinstance(text, str) and text}


def _said(asked: Mapping[str, str]) -> Said:
    mapping = {name.removeprefix(page.MAPS): text for name, text in asked.items() if name.startswith(page.MAPS)}
    return Said(
        kind=asked.get("kind", ""),
        mapping=mapping,
        zone=asked.get("zone") or "UTC",
        platform=asked.get("platform", ""),
    )


def _import(me: Viewer, file: str, asked: Mapping[str, str]) -> page.Import:
    zones = list(dict.fromkeys(zone for zone in ("UTC", me.time_zone, asked.get("zone", "")) if zone))
    said = {name: text for name, text in asked.items() if name != "file"}
    if not file:
        return page.Import(said=said, zones=zones)
    try:
        found = test_imports.preview(me.actor, me.role, viewer.key(file), _said(said))
    except NotFound as error:
        return page.Import(said={}, zones=zones, refused=error.detail)
    except BadInput as error:
        return page.Import(file=file, said=said, zones=zones, refused=error.detail)
    return page.Import(file=file, said=said, zones=zones, found=_found(found))


def _found(found: Preview) -> page.Found:
    return page.Found(
        name=found.name,
        kind=found.table.kind,
        columns=found.table.columns,
        proposed=found.table.mapping,
        mapping=found.mapping,
        fixed=found.table.fixed,
        lacks=found.lacks,
        total=len(found.table.rows),
        validated=found.count(TestState.VALIDATED),
        with_blue=found.count(TestState.BLUE_EVALUATING),
        drafts=found.count(TestState.DRAFT),
        there=found.there,
        wrong=len(found.problems),
        problems=[(one.number, one.sentence) for one in found.problems[: page.PROBLEMS_SHOWN]],
        shown=[_new(row) for row in found.new[: page.ROWS_SHOWN]],
        new_tools=found.new_tools,
    )


def _new(row: ImportRow) -> page.NewTest:
    return page.NewTest(
        number=row.number,
        technique=row.technique,
        title=row.title,
        platform=row.platform,
        state=row.state,
        executed_at=row.executed_at,
        prevention=row.prevention or "",
        detection=row.detection or "",
        tools=row.tools,
    )
