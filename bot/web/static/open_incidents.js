// The link to the incidents in every page's navigation, with the count of open ones.

import { h, icon } from "./dom.js";

const AGAIN_MS = 30_000;

export class OpenIncidents {
  constructor(server) {
    this.server = server;
    this.name = h("span", {});
    this.number = h("span", { class: "open-count", "aria-hidden": "true", hidden: true });
    this.element = h("a", { class: "known-link", href: "/incidents" }, icon("pulse"), this.name, this.number);
    this.read();
    setInterval(() => document.hidden || this.read(), AGAIN_MS);
  }

  speak(say) {
    this.say = say;
    this.name.textContent = say.incidents;
    this.show();
  }

  async read() {
    this.count = await this.server.get("/api/incidents/count").catch(() => this.count);
    this.show();
  }

  show() {
    const { open = 0, more = false } = this.count ?? {};
    this.number.toggleAttribute("hidden", !open);
    this.number.textContent = more ? `${open - 1}+` : String(open);
    if (this.say) this.element.setAttribute("aria-label", open ? `${this.say.incidents}: ${this.say.openIncidents(open)}` : this.say.incidents);
  }
}
