"""The HTTP front of a fake Feishu: one gate before every method of the API, and errors in the platform's shape."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import BodyPartReader, MultipartReader, web

from connectors.chat.fakes import feishu_application, feishu_cardkit, feishu_directory, feishu_files, feishu_im
from connectors.chat.fakes.feishu_platform import Call, Download, Dropped, Handled, Platform, Route
from connectors.chat.fakes.feishu_terms import Json, Refused, compact

ROUTES: tuple[Route, ...] = (
    *feishu_application.ROUTES,
    *feishu_cardkit.ROUTES,
    *feishu_directory.ROUTES,
    *feishu_files.ROUTES,
    *feishu_im.ROUTES,
)
_MOST = 64 * 1024 * 1024


def application(platform: Platform) -> web.Application:
    """The API as a web application."""
    app = web.Application(client_max_size=_MOST)
    # A fixed word in a path goes before a variable, as in users/batch and users/{user_id}.
    for route in sorted(ROUTES, key=lambda one: one.path.count("{")):
        app.router.add_route(route.method, route.path, _handler(platform, route))
    app.router.add_route("*", "/open-apis/{tail:.*}", _unknown)
    return app


def _handler(platform: Platform, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            call = await _read(request)
            platform.admit(route, call, request.path)
            done = route.handle(platform, call)
        except Refused as refused:
            _log(platform, request, refused.code, refused.msg)
            return _refusal(platform, refused)
        except Dropped:
            _log(platform, request, -1, "dropped")
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        _log(platform, request, 0, "")
        return _bytes(done) if isinstance(done, Download) else _json(_wrapped(route, done), platform)

    return handle


async def _unknown(request: web.Request) -> web.StreamResponse:
    return web.json_response({"code": 404, "msg": "404 page not found"}, status=404)


def _log(platform: Platform, request: web.Request, code: int, msg: str) -> None:
    platform.handled.append(Handled(request.method, request.path, code, msg, platform.clock.now()))


def _wrapped(route: Route, done: Json) -> Json:
    return {"code": 0, "msg": "ok", **done} if route.bare else {"code": 0, "msg": "success", "data": done}


def _json(body: Json, platform: Platform, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    log_id = {"X-Tt-Logid": platform.company.new_id("2026", 28)}
    text = compact(body)
    return web.Response(
        text=text, status=status, content_type="application/json", headers={**log_id, **(headers or {})}
    )


def _refusal(platform: Platform, refused: Refused) -> web.Response:
    error = {"log_id": platform.company.new_id("2026", 28)}
    body = {"code": refused.code, "msg": refused.msg, "error": error}
    return _json(body, platform, refused.status, refused.headers)


def _bytes(download: Download) -> web.Response:
    file = download.file
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"} if file.name else {}
    return web.Response(body=file.content, content_type=file.media_type, headers=headers)


async def _read(request: web.Request) -> Call:
    query: dict[str, str] = {}
    for name, value in request.query.items():
        query[name] = f"{query[name]},{value}" if name in query else value
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if request.content_type == "multipart/form-data":
        form = await _form(await request.multipart())
        return Call(dict(request.match_info), query, {}, form, token, 0)
    raw = await request.read()
    return Call(dict(request.match_info), query, await _body(request, raw), {}, token, len(raw))


async def _body(request: web.Request, raw: bytes) -> Json:
    if not raw:
        return {}
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused(9499, "Bad Request, invalid character in JSON") from error
    if not isinstance(body, dict):
        raise Refused(9499, "Bad Request, cannot unmarshal into an object")
    return body


async def _form(reader: MultipartReader) -> dict[str, str | bytes]:
    form: dict[str, str | bytes] = {}
    async for part in reader:
        if isinstance(part, BodyPartReader) and part.name:
            content = bytes(await part.read(decode=False))
            form[part.name] = content if part.name in ("image", "file") else content.decode()
    return form
