// The choice of language and theme, remembered in this browser, and the two buttons that change it.

import { h, icon, recall, remember } from "./dom.js";
import { browserLanguage, languageTag, words } from "./words.js";

const THEMES = ["auto", "light", "dark"];
const THEME_ICONS = { auto: "system", light: "light", dark: "dark" };

export class Switches {
  // Calls changed() after each change; the page then says everything anew.
  constructor(changed) {
    this.language = recall("nightshift.language") ?? browserLanguage();
    this.theme = recall("nightshift.theme") ?? "auto";
    this.changed = changed;
    this.languageButton = h("button", { type: "button", class: "switch", onclick: () => this.switchLanguage() });
    this.themeButton = h("button", { type: "button", class: "icon-button", onclick: () => this.switchTheme() });
    this.element = h("div", { class: "switches" }, this.languageButton, this.themeButton);
  }

  get words() {
    return words(this.language);
  }

  speak() {
    const say = this.words;
    document.documentElement.lang = languageTag(this.language);
    this.languageButton.textContent = say.language;
    this.languageButton.setAttribute("aria-label", say.languageLabel);
    this.languageButton.setAttribute("lang", this.language === "zh" ? "en" : "zh-CN");
    this.themeButton.replaceChildren(icon(THEME_ICONS[this.theme]));
    this.themeButton.setAttribute("aria-label", say.theme[this.theme]);
    this.themeButton.setAttribute("title", say.theme[this.theme]);
  }

  switchLanguage() {
    this.language = this.language === "zh" ? "en" : "zh";
    remember("nightshift.language", this.language);
    this.changed();
  }

  switchTheme() {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    remember("nightshift.theme", this.theme === "auto" ? null : this.theme);
    if (this.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
    this.changed();
  }
}
