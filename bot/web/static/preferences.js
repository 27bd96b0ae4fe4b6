// Loaded before anything is painted, so that a chosen theme or language never flashes the other one.
(() => {
  const recall = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const theme = recall("nightshift.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const chosen = recall("nightshift.language");
  const wanted = chosen ?? navigator.languages?.find((language) => /^(zh|en)\b/i.test(language)) ?? "en";
  document.documentElement.lang = wanted.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
})();
