// The login form in the reader's language; it works without this, in English.

import { words } from "./words.js";

const say = words(document.documentElement.lang.startsWith("zh") ? "zh" : "en");
for (const element of document.querySelectorAll("[data-word]")) element.textContent = say[element.dataset.word];
if (location.search === "?failed") document.querySelector("#failed").textContent = say.loginFailed;
