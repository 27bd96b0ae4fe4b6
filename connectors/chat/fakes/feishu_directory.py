"""Who is who in a fake Feishu: tokens, chats, people, departments, groups (contact-v3)."""

from connectors.chat.fakes.feishu_company import Chat, Department, Person
from connectors.chat.fakes.feishu_im import page_size
from connectors.chat.fakes.feishu_platform import Call, Platform, Route
from connectors.chat.fakes.feishu_terms import Json, Refused


def token(platform: Platform, call: Call) -> Json:
    if call.body.get("app_id") != platform.console.app_id:
        raise Refused(10003, "invalid param", 200)
    if call.body.get("app_secret") != platform.console.app_secret:
        raise Refused(10014, "app secret invalid", 200)
    made, seconds = platform.token()
    return {"tenant_access_token": made, "app_access_token": made, "expire": seconds}


def bot_info(platform: Platform, call: Call) -> Json:
    console = platform.console
    bot = {"activate_status": 2, "app_name": console.app_name, "avatar_url": "", "ip_white_list": []}
    return {"bot": {**bot, "open_id": console.bot_open_id}}


def _chat(platform: Platform, call: Call) -> Chat:
    chat = platform.company.chats.get(call.path["chat_id"])
    if chat is None:
        raise Refused(232006, "Your request specifies a chat_id which is invalid.")
    return chat


def _inside(platform: Platform, call: Call) -> Chat:
    chat = _chat(platform, call)
    if platform.console.app_id not in chat.bots:
        raise Refused(232011, "Operator can NOT be out of the chat.")
    return chat


def chat(platform: Platform, call: Call) -> Json:
    found = _inside(platform, call)
    return {
        "name": found.name,
        "description": "",
        "avatar": "",
        "chat_mode": "topic" if found.topic else found.kind,
        "chat_type": "private",
        "group_message_type": "thread" if found.topic else "chat",
        "external": found.external,
        "tenant_key": platform.console.tenant_key,
        "user_count": str(len(found.members)),
        "bot_count": str(len(found.bots)),
        "chat_status": "dissolved" if found.dissolved else "normal",
    }


def members(platform: Platform, call: Call) -> Json:
    found = _inside(platform, call)
    kind, size, at = call.query.get("member_id_type", "open_id"), page_size(call, 20, 100), int(_page(call))
    page = [platform.company.people[one] for one in found.members[at : at + size]]
    items = [
        {"member_id_type": kind, "member_id": one.ids()[kind], "name": one.name, "tenant_key": one.tenant}
        for one in page
    ]
    more = at + size < len(found.members)
    return {"items": items, "member_total": len(found.members), "has_more": more, "page_token": str(at + size)}


def _page(call: Call) -> str:
    raw = call.query.get("page_token") or "0"
    return raw if raw.isdigit() else "0"


def is_in_chat(platform: Platform, call: Call) -> Json:
    return {"is_in_chat": platform.console.app_id in _chat(platform, call).bots}


def _user(platform: Platform, person: Person) -> Json:
    scopes = platform.console.scopes
    departments = [platform.company.departments[one].open_department_id for one in person.departments]
    shown: Json = {
        **person.ids(user_id="contact:user.employee_id:readonly" in scopes),
        "name": person.name,
        "department_ids": departments or ["0"],
        "status": {"is_frozen": False, "is_resigned": person.resigned, "is_activated": True, "is_exited": False},
    }
    return shown | ({"email": person.email} if "contact:user.email:readonly" in scopes else {})


def user(platform: Platform, call: Call) -> Json:
    kind = call.query.get("user_id_type", "open_id")
    person = platform.company.someone(call.path["user_id"], kind)
    if person is None or person.tenant != platform.console.tenant_key:
        raise Refused(99992351 if kind == "open_id" else 41012, f"these open ids not existed: {call.path['user_id']}")
    return {"user": _user(platform, person)}


def users(platform: Platform, call: Call) -> Json:
    """Up to fifty people; those who are not there are left out."""
    kind, wanted = call.query.get("user_id_type", "open_id"), call.query.get("user_ids", "").split(",")
    if len(wanted) > 50:
        raise Refused(99992402, "field validation failed: user_ids has at most 50")
    found = [platform.company.someone(one, kind) for one in wanted]
    own = platform.console.tenant_key
    return {"items": [_user(platform, one) for one in found if one and one.tenant == own]}


def _department(platform: Platform, call: Call, key: str) -> Department:
    plain = call.query.get("department_id_type") == "department_id"
    for one in platform.company.departments.values():
        if key == (one.department_id if plain else one.open_department_id):
            return one
    raise Refused(40015, "department not exist")


def _shown(platform: Platform, one: Department) -> Json:
    parent = platform.company.departments.get(one.parent)
    return {
        "name": one.name,
        "department_id": one.department_id,
        "open_department_id": one.open_department_id,
        "parent_department_id": parent.open_department_id if parent else "0",
        "member_count": sum(one.department_id in person.departments for person in platform.company.people.values()),
        "status": {"is_deleted": False},
    }


def department(platform: Platform, call: Call) -> Json:
    return {"department": _shown(platform, _department(platform, call, call.path["department_id"]))}


def parents(platform: Platform, call: Call) -> Json:
    """The departments above one, the nearest first."""
    one = _department(platform, call, call.query.get("department_id", ""))
    items = []
    while (above := platform.company.departments.get(one.parent)) is not None:
        items.append(_shown(platform, above))
        one = above
    return {"items": items, "has_more": False}


def contacts(platform: Platform, call: Call) -> Json:
    """What the app may see: where that is everybody, the departments at the top and who is in none."""
    company, chosen = platform.company, platform.console.contacts
    tops = [
        one
        for one in company.departments.values()
        if (one.parent == "0" if chosen is None else one.department_id in chosen)
    ]
    alone = [
        one.open_id
        for one in company.people.values()
        if chosen is None and _ours(platform, one) and not one.departments
    ]
    groups = [one.group_id for one in company.groups.values()] if chosen is None else []
    return {
        "department_ids": [one.open_department_id for one in tops],
        "user_ids": alone,
        "group_ids": groups,
        "has_more": False,
    }


def children(platform: Platform, call: Call) -> Json:
    """The departments below one: all of them, or those right below it."""
    company, top = platform.company, _seen(platform, call, call.path["department_id"])
    below = [one for one in company.departments.values() if one.parent == top.department_id]
    if call.query.get("fetch_child") == "true":
        for one in below:
            below += [each for each in company.departments.values() if each.parent == one.department_id]
    return _items(call, [_shown(platform, one) for one in below])


def of_department(platform: Platform, call: Call) -> Json:
    """The people of a department itself."""
    key = _seen(platform, call, call.query.get("department_id", "")).department_id
    inside = [one for one in platform.company.people.values() if _ours(platform, one) and key in one.departments]
    return _items(call, [_user(platform, one) for one in inside])


def _ours(platform: Platform, person: Person) -> bool:
    return person.tenant == platform.console.tenant_key


def _seen(platform: Platform, call: Call, key: str) -> Department:
    found = _department(platform, call, key)
    chosen, one = platform.console.contacts, found
    while chosen is not None and one.department_id not in chosen:
        if one.parent not in platform.company.departments:
            raise Refused(40004, "no dept authority error")
        one = platform.company.departments[one.parent]
    return found


def _items(call: Call, found: list[Json]) -> Json:
    size, at = page_size(call, 10, 50), int(_page(call))
    more = at + size < len(found)
    return {"items": found[at : at + size], "has_more": more, **({"page_token": str(at + size)} if more else {})}


def chats(platform: Platform, call: Call) -> Json:
    """The groups that the bot is in; conversations of two are no groups."""
    inside = [
        one for one in platform.company.chats.values() if platform.console.app_id in one.bots and one.kind != "p2p"
    ]
    return _items(call, [{"chat_id": one.chat_id, "name": one.name, "external": one.external} for one in inside])


def groups(platform: Platform, call: Call) -> Json:
    found = platform.company.groups.values() if call.query.get("type", "1") == "1" else ()
    return {"grouplist": [{"id": one.group_id, "name": one.name} for one in found], "has_more": False}


def group_members(platform: Platform, call: Call) -> Json:
    group = platform.company.groups.get(call.path["group_id"])
    if group is None:
        raise Refused(42002, "invalid group_id")
    kind = call.query.get("member_id_type", "open_id")
    ids, sort = [platform.company.people[one].ids()[kind] for one in group.members], "user"
    if call.query.get("member_type") == "department":
        ids, sort = [platform.company.departments[one].open_department_id for one in group.departments], "department"
    return {
        "memberlist": [{"member_id": one, "member_type": sort, "member_id_type": kind} for one in ids],
        "has_more": False,
    }


def belongs(platform: Platform, call: Call) -> Json:
    person = platform.company.someone(call.query.get("member_id", ""), call.query.get("member_id_type", "open_id"))
    if person is None:
        raise Refused(41073, "invalid member_id")
    found = [one.group_id for one in platform.company.groups.values() if person.open_id in one.members]
    return {"group_list": found, "has_more": False}


_AUTH = "/open-apis/auth/v3"
_CHAT, _CONTACT = "/open-apis/im/v1/chats/{chat_id}", "/open-apis/contact/v3"
_IN_CHAT = ("im:chat", "im:chat:readonly")
_PEOPLE = ("contact:user.base:readonly", "contact:contact:readonly_as_app")
_DEPARTMENTS = ("contact:department.base:readonly", "contact:contact:readonly_as_app")
_LISTS = ("contact:contact.base:readonly", "contact:contact:readonly_as_app", "contact:contact:access_as_app")
_GROUPS = ("contact:group:readonly", "contact:contact:readonly_as_app")
ROUTES = (
    Route("POST", f"{_AUTH}/tenant_access_token/internal", token, bare=True, open=True),
    Route("POST", f"{_AUTH}/app_access_token/internal", token, bare=True, open=True),
    Route("GET", "/open-apis/bot/v3/info", bot_info, bare=True),
    Route("GET", "/open-apis/im/v1/chats", chats, _IN_CHAT),
    Route("GET", _CHAT, chat, _IN_CHAT),
    Route("GET", f"{_CHAT}/members", members, _IN_CHAT),
    Route("GET", f"{_CHAT}/members/is_in_chat", is_in_chat, _IN_CHAT),
    Route("GET", f"{_CONTACT}/users/batch", users, _PEOPLE),
    Route("GET", f"{_CONTACT}/users/{{user_id}}", user, _PEOPLE),
    Route("GET", f"{_CONTACT}/users/find_by_department", of_department, _LISTS),
    Route("GET", f"{_CONTACT}/scopes", contacts, _LISTS),
    Route("GET", f"{_CONTACT}/departments/{{department_id}}/children", children, _LISTS),
    Route("GET", f"{_CONTACT}/departments/parent", parents, _DEPARTMENTS),
    Route("GET", f"{_CONTACT}/departments/{{department_id}}", department, _DEPARTMENTS),
    Route("GET", f"{_CONTACT}/group/simplelist", groups, _GROUPS),
    Route("GET", f"{_CONTACT}/group/member_belong", belongs, _GROUPS),
    Route("GET", f"{_CONTACT}/group/{{group_id}}/member/simplelist", group_members, _GROUPS),
)
