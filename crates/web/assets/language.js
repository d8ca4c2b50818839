// Switches the language: a cookie for the server, then the same page again. It goes along also when
// another site sends the browser here, as an identity provider does.
for (const button of document.querySelectorAll("button[data-lang]")) {
  button.addEventListener("click", () => {
    document.cookie = `lang=${button.dataset.lang}; path=/; max-age=31536000; SameSite=Lax`;
    location.reload();
  });
}
