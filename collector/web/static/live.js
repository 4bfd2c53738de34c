// Keeps the page true: asks for it again every few seconds, changes what has changed, and says
// clearly when the collector cannot be reached, so that nobody takes an old picture for the present.

import { Curves } from "./charts.js";
import { ask } from "./fetch.js";
import { morph } from "./morph.js";

const lost = document.getElementById("lost");
let current = Number(document.body.dataset.now);
let curves = null;
let wake = () => {};

async function freshPage() {
  const { status, text } = await ask(location.href);
  const page = new DOMParser().parseFromString(text, "text/html");
  if (!page.body.dataset.now) throw new Error(`not one of our pages: ${status}`);
  return page;
}

function show(page) {
  document.title = page.title;
  morph(document.body, page.body);
  current = Number(document.body.dataset.now);
  lost.hidden = true;
  document.documentElement.classList.remove("lost");
}

function showLost() {
  const { zone } = document.body.dataset;
  const time = new Date(current).toLocaleTimeString("en-GB", { timeZone: zone });
  lost.querySelector("time").textContent = time;
  lost.hidden = false;
  document.documentElement.classList.add("lost");
}

async function refreshCurves() {
  const section = document.getElementById("curves");
  if (curves && curves.section !== section) {
    curves.close();
    curves = null;
  }
  if (section && !curves) curves = new Curves(section);
  if (curves) await curves.refresh(current);
}

async function refresh() {
  let page;
  try {
    page = await freshPage();
  } catch {
    showLost();
    return;
  }
  show(page);
  await refreshCurves();
}

async function run() {
  await refreshCurves();
  for (;;) {
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, 1000 * Number(document.body.dataset.refresh));
    });
    // A page that nobody sees asks for nothing, and is made true at once when it is looked at.
    if (!document.hidden) await refresh();
  }
}

document.addEventListener("visibilitychange", () => wake());
run();
