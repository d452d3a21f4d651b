"use strict";
const seconds = Number(document.currentScript.dataset.refresh);
setInterval(async () => {
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch("/now", { signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.status);
    const now = document.getElementById("now");
    const open = [...now.querySelectorAll("details")].map((one) => one.open);
    now.innerHTML = await answer.text();
    now.querySelectorAll("details").forEach((one, place) => { one.open = Boolean(open[place]); });
    document.title = [...now.querySelectorAll("header")].map((one) => one.dataset.title).join("") + "netvigil";
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
}, seconds * 1000);
