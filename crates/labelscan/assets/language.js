// Switches the language: a cookie for the server, then the same page again.
for (const button of document.querySelectorAll("button[data-lang]")) {
  button.addEventListener("click", () => {
    document.cookie = `lang=${button.dataset.lang}; path=/; max-age=31536000; SameSite=Strict`;
    location.reload();
  });
}
