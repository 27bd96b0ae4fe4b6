// What surrounds an incident page: the navigation, the switches, and the drawer that it is on narrow screens.

import { h, icon, iconButton } from "./dom.js";
import { OpenIncidents } from "./open_incidents.js";

export class Frame {
  // Navigation around ``main``; ``extra`` stands below the links.
  constructor(server, switches, main, extra = null) {
    this.switches = switches;
    this.menuButton = iconButton("menu", "", () => this.showMenu(true), { "aria-expanded": "false", "aria-controls": "navigation" });
    this.closeButton = iconButton("close", "", () => this.showMenu(false), { class: "icon-button close-menu" });
    this.backLink = h("a", { class: "new", href: "/" });
    this.backShort = h("a", { class: "icon-button", href: "/" }, icon("chat"));
    this.incidents = new OpenIncidents(server);
    if (location.pathname === "/incidents") this.incidents.element.setAttribute("aria-current", "page");
    this.knownLink = h("a", { class: "known-link", href: "/knowledge" });
    const links = h("div", { class: "links" }, this.incidents.element, this.knownLink);
    this.nav = h("nav", { id: "navigation" }, h("div", { class: "top" }, brand(), this.closeButton), this.backLink, links, extra ?? h("div", { class: "rest" }), h("div", { class: "bottom" }, switches.element));
    const shade = h("div", { class: "shade", onclick: () => this.showMenu(false) });
    document.body.append(h("header", { class: "bar" }, this.menuButton, brand(), this.backShort), this.nav, shade, main);
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.showMenu(false));
    this.nav.addEventListener("click", (event) => event.target.closest("a[href^='#']") && this.showMenu(false));
  }

  speak(say) {
    this.switches.speak();
    this.nav.setAttribute("aria-label", say.menu);
    this.backLink.replaceChildren(icon("chat"), say.back);
    this.knownLink.replaceChildren(icon("shelves"), say.known);
    this.incidents.speak(this.switches.words);
    for (const [element, label] of [[this.menuButton, say.menu], [this.closeButton, say.closeMenu], [this.backShort, say.back]]) {
      element.setAttribute("aria-label", label);
      element.setAttribute("title", label);
    }
  }

  showMenu(open) {
    const was = document.body.classList.contains("menu-open");
    document.body.classList.toggle("menu-open", open);
    this.menuButton.setAttribute("aria-expanded", String(open));
    if (open) this.closeButton.focus();
    else if (was) this.menuButton.focus();
  }
}

function brand() {
  return h("p", { class: "brand" }, h("img", { src: "/static/icon.svg", alt: "", width: "26", height: "26" }), "Nightshift");
}
