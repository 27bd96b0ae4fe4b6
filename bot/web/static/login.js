// The login form in the reader's language; it works without this, in English.

import { h } from "./dom.js";
import { words } from "./words.js";

const say = words(document.documentElement.lang.startsWith("zh") ? "zh" : "en");
for (const element of document.querySelectorAll("[data-word]")) element.textContent = say[element.dataset.word];
const asked = new URLSearchParams(location.search);
if (asked.has("next")) document.querySelector("form").append(h("input", { type: "hidden", name: "next", value: asked.get("next") }));
if (asked.has("failed")) document.querySelector("#failed").textContent = say.loginFailed;
