// Sets theme and language before the first paint; a file of its own because the page's policy allows no inline script.
;(function () {
  try {
    var theme = localStorage.getItem('anju.theme')
    if (theme === 'light') document.documentElement.classList.remove('dark')
    var language = localStorage.getItem('anju.language')
    if (language) document.documentElement.lang = language
  } catch {
    // Storage may be forbidden; the defaults stand.
  }
})()
