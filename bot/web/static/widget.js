// Nightshift on any page, by one tag:
//   <script src="https://nightshift.example.com/widget.js" data-token="…" data-language="en" data-theme="dark" defer></script>
// data-server is only needed when the script itself is served from elsewhere. Everything lives in a shadow root.
(() => {
  const script = document.currentScript;
  const own = new URL(script.src).origin;
  const server = (script.dataset.server || own).replace(/\/+$/, "");
  const THREAD = `nightshift.widget.thread.${server}`;
  const WORDS = {
    en: { open: "Ask Nightshift", close: "Close Nightshift", dialog: "Nightshift, the operations assistant", fresh: "New conversation", other: "中文", otherLabel: "Switch to Chinese" },
    zh: { open: "问问 Nightshift", close: "关闭 Nightshift", dialog: "Nightshift 运维助手", fresh: "新对话", other: "English", otherLabel: "切换到英文" },
  };
  const ICONS = { chat: "M4 5h16v11H9.500L5 20v-4H4z", close: "M6 6l12 12M18 6 6 18", plus: "M12 5v14M5 12h14" };

  const storage = {
    get: (key) => {
      try {
        return localStorage.getItem(key);
      } catch {
        return null;
      }
    },
    set: (key, value) => {
      try {
        if (value === null) localStorage.removeItem(key);
        else localStorage.setItem(key, value);
      } catch {
        return;
      }
    },
  };

  const asked = script.dataset.language || storage.get("nightshift.language") || navigator.languages?.find((one) => /^(zh|en)\b/i.test(one)) || "en";
  let language = asked.toLowerCase().startsWith("zh") ? "zh" : "en";
  let chat = null;

  const host = document.createElement("nightshift-widget");
  const theme = script.dataset.theme || storage.get("nightshift.theme");
  if (theme === "light" || theme === "dark") host.dataset.theme = theme;
  const root = host.attachShadow({ mode: "open" });

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  const launcher = make("button", { type: "button", class: "launcher", "aria-expanded": "false", "aria-controls": "panel" });
  const label = make("span", {});
  const switcher = make("button", { type: "button", class: "switch" });
  const fresh = make("button", { type: "button", class: "icon-button" }, icon("plus"));
  const close = make("button", { type: "button", class: "icon-button" }, icon("close"));
  const place = make("div", { class: "place" });
  const panel = make("section", { id: "panel", class: "panel", role: "dialog", "aria-modal": "false" }, make("header", {}, make("p", {}, "Nightshift"), switcher, fresh, close), place);
  panel.hidden = true;
  launcher.append(icon("chat"), label);

  function speak() {
    const say = WORDS[language];
    label.textContent = say.open;
    panel.setAttribute("aria-label", say.dialog);
    switcher.textContent = say.other;
    for (const [button, words] of [[switcher, say.otherLabel], [fresh, say.fresh], [close, say.close]]) {
      button.setAttribute("aria-label", words);
      button.setAttribute("title", words);
    }
    panel.setAttribute("lang", language === "zh" ? "zh-CN" : "en");
    chat?.setAttribute("language", language);
  }

  // The conversation itself is loaded when somebody opens the panel: until then the page pays for a button.
  async function begin() {
    await import(`${own}/static/chat.js`);
    if (chat) return;
    const attributes = { language, server: server === location.origin ? "" : server };
    if (script.dataset.token) attributes.token = script.dataset.token;
    const thread = storage.get(THREAD);
    if (thread) attributes.thread = thread;
    chat = make("nightshift-chat", attributes);
    chat.addEventListener("nightshift-thread", (event) => storage.set(THREAD, event.detail.id));
    chat.addEventListener("nightshift-missing", () => storage.set(THREAD, null));
    place.append(chat);
  }

  async function open() {
    panel.hidden = false;
    launcher.setAttribute("aria-expanded", "true");
    host.toggleAttribute("data-open", true);
    close.focus();
    await begin();
    chat.focusBox();
  }

  function shut() {
    panel.hidden = true;
    launcher.setAttribute("aria-expanded", "false");
    host.toggleAttribute("data-open", false);
    launcher.focus();
  }

  launcher.addEventListener("click", () => (panel.hidden ? open() : shut()));
  close.addEventListener("click", shut);
  fresh.addEventListener("click", () => {
    storage.set(THREAD, null);
    chat?.newThread();
  });
  switcher.addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    storage.set("nightshift.language", language);
    speak();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") shut();
  });
  // What is typed here is not meant for the page's own shortcuts.
  for (const kind of ["keydown", "keypress", "keyup"]) root.addEventListener(kind, (event) => event.stopPropagation());

  let sheets = 0;
  for (const name of ["theme.css", "widget.css"]) {
    const sheet = make("link", { rel: "stylesheet", href: `${own}/static/${name}` });
    sheet.addEventListener("load", () => {
      sheets += 1;
      if (sheets === 2) root.append(launcher, panel);
    });
    root.append(sheet);
  }
  speak();
  document.documentElement.append(host);
  // In the top layer no transform, filter or z-index of the page reaches us.
  host.popover = "manual";
  host.showPopover?.();
})();
