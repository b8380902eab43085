"""The import page: looking through an uploaded file again with every choice, and bringing it in."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from domain.errors import BadInput, NotFound, Unavailable
from domain.roles import Permission
from jobs import import_work, test_imports
from jobs.import_work import Progress, Summary
from jobs.test_imports import Done, Said
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
        return _chosen(said, columns, file)

    @app.callback(
        *(
            Output(ident, prop, allow_duplicate=True)
            for ident, prop in (
                ("import-said", "fields"),
                ("import-columns", "fields"),
                ("import-fold", "hidden"),
                ("import-fold", "open"),
                ("import-used", "children"),
                ("import-found", "children"),
            )
        ),
        Input("import-poll", "n_intervals"),
        State("import-said", "value"),
        State("import-columns", "value"),
        State("import-file", "data"),
        prevent_initial_call=True,
    )
    def looked(_ticks: int | None, said: Any, columns: Any, file: str | None) -> tuple[Any, ...]:
        return _chosen(said, columns, file)

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
        asked = {"file": file, "said": _asked(said, columns), "leave_out": ctx.triggered_id == "import-leave-out"}
        return _run(me, asked, import_work.bring)

    @app.callback(
        Output("import-body", "children", allow_duplicate=True),
        Input("import-run-poll", "n_intervals"),
        State("import-running", "data"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None, asked: Any) -> Any:
        if not isinstance(asked, dict):
            raise PreventUpdate
        me = viewer.current()
        try:
            return _run(me, asked, import_work.brought)
        except (BadInput, Unavailable) as error:  # it has ended without importing: back to the file, with the reason
            set_props(toast.REGION, {"children": toast.toast(error.detail, kind="failed")})
            return _body(_import(me, str(asked.get("file")), _asked(asked.get("said"), None)))

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


def _chosen(said: object, columns: object, file: str | None) -> tuple[Any, ...]:
    me = viewer.current()
    me.require(Permission.IMPORT_TESTS)
    data = _import(me, str(file), _asked(said, columns))
    set_props("answer", {"children": page.answer(data)})
    if data.progress is not None:  # the choices stay as they are until it is known what there is to choose
        return (*[no_update] * 5, page.render_found(data))
    mapped = page.column_fields(data)
    opened = True if page.lacks_columns(data) else no_update  # what the person has folded stays folded
    return page.said_fields(data), mapped, not mapped, opened, page.used(data), page.render_found(data)


def _run(me: Viewer, asked: Mapping[str, Any], begin: Callable[..., Done | Progress]) -> Any:
    said = _asked(asked.get("said"), None)
    leave_out = asked.get("leave_out") is True
    done = begin(me.actor, me.role, viewer.key(asked.get("file")), _said(said), leave_out=leave_out)
    if isinstance(done, Progress):
        return page.render_running(_progress(done), {"file": asked.get("file"), "said": said, "leave_out": leave_out})
    return page.render_done(
        page.Done(
            validated=done.validated,
            with_blue=done.with_blue,
            drafts=done.drafts,
            there=done.there,
            left_out=done.left_out,
        )
    )


def _progress(one: Progress) -> page.Progress:
    return page.Progress(step=one.step, done=one.done, total=one.total)


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
        found = import_work.look(me.actor, me.role, viewer.key(file), _said(said))
    except NotFound as error:
        return page.Import(said={}, zones=zones, refused=error.detail)
    except (BadInput, Unavailable) as error:
        return page.Import(file=file, said=said, zones=zones, refused=error.detail)
    if isinstance(found, Progress):
        return page.Import(file=file, said=said, zones=zones, progress=_progress(found))
    return page.Import(file=file, said=said, zones=zones, found=_found(found))


def _found(found: Summary) -> page.Found:
    shown = [page.NewTest(**asdict(row)) for row in found.shown]
    told = {one.name: getattr(found, one.name) for one in fields(found)}
    return page.Found(**{**told, "shown": shown})
