// What the page of `make app` adds to Voila's: nobody waits for an answer that cannot come.
// LARGEST is the largest upload, in bytes; tools/voila.py says it.
(() => {
  // What let this page in is good for once: without it, the address can be kept and passed on.
  if (new URLSearchParams(location.search).has("entry")) history.replaceState(null, "", location.pathname);

  // A larger message closes the connection, and the upload button is dead from then on.
  const click = HTMLInputElement.prototype.click;
  const check = (event) => {
    const large = [...event.target.files].find((file) => file.size > LARGEST);
    if (!large) return;
    event.stopImmediatePropagation();
    const [size, most] = [large.size, LARGEST].map((bytes) => (bytes / 1e6).toFixed(1));
    alert(`${large.name} has ${size} MB, and at most ${most} can be sent. Save it smaller first.`);
  };
  HTMLInputElement.prototype.click = function () {
    // The button's own listener comes after those that capture.
    if (this.type === "file") this.addEventListener("change", check, true);
    return click.call(this);
  };

  // A page that was away for long (a computer that slept), or whose kernel died, would just stand still.
  const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
  const told = Object.assign(document.createElement("p"), { role: "alert", hidden: true });
  told.style = "position: fixed; inset: 0 0 auto; z-index: 9; margin: 0; padding: 1em; " +
    "font: 1rem sans-serif; background: #ffe08a; color: black";
  document.body.append(told);
  const look = async () => {
    if (document.hidden) return;
    const place = `${config.baseUrl}api/kernels/${config.kernelId}`;
    const answer = await fetch(place).catch(() => ({ status: 0 }));
    told.hidden = answer.status === 200;
    if (answer.status === 410) told.textContent = await answer.text();
    else told.textContent = answer.status
      ? "This page lost its place: it was away for too long, or broke. Reload it to go on."
      : "The server does not answer. This page tries again by itself.";
  };
  setInterval(look, 10_000);
  document.addEventListener("visibilitychange", look);
})();
