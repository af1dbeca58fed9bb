// One explorer before an audience: it fills the screen, and the window where the browser does not lend the screen.

/** Let `button` show `box` alone, and leave by itself or Escape; `changed` is told after every change. */
export function presenter(button, box, changed) {
  const shown = () => box.classList.contains("l0-present");
  const put = (on) => {
    if (on === shown()) return;
    box.classList.toggle("l0-present", on);
    document.documentElement.classList.toggle("l0-presenting", on);
    button.textContent = on ? "Leave" : "Present";
    button.title = on ? "Back to the page (Escape)" : "Show this explorer alone, with large letters";
    changed();
    if (!on) box.scrollIntoView({ block: "nearest" });
  };
  const enter = async () => {
    put(true);
    try {
      await box.requestFullscreen();
    } catch { /* the window must do */ }
  };
  const leave = () => {
    if (document.fullscreenElement === box) document.exitFullscreen();
    else put(false);
  };
  button.title = "Show this explorer alone, with large letters";
  const turned = () => { if (document.fullscreenElement !== box) put(false); };
  const key = (e) => { if (e.key === "Escape" && shown()) leave(); };
  button.addEventListener("click", () => (shown() ? leave() : enter()));
  box.addEventListener("fullscreenchange", turned);
  document.addEventListener("keydown", key);
  return () => {
    leave();
    box.removeEventListener("fullscreenchange", turned);
    document.removeEventListener("keydown", key);
  };
}
