import {EarshotPlayer} from "./earshot-player.js";
const stream = new URLSearchParams(location.search).get("stream") ?? "vms/vm/streams/0";
const player = new EarshotPlayer({server: location.origin, stream});
const show = (text) => { document.getElementById("state").textContent = text; };
player.addEventListener("state", () => show(player.reason || player.state));
document.getElementById("listen").onclick = () => player.start();
