/** Style and script of the inspection page, kept small and without dependencies. */

export const inspectionStyle = `
:root{color-scheme:light dark;--line:#8884;--f:#4c8bf5;--w:#e8a33d;--a:#5bb974}
body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:76rem;padding:0 1rem}
h1{font-size:1.3rem;margin:0}code,.num,.name{font-family:ui-monospace,monospace;font-size:12.5px}
table{margin:.6rem 0;border-spacing:.8rem .1rem}caption{text-align:left;font-weight:600}
dl{display:flex;gap:2rem;flex-wrap:wrap}dt{opacity:.7}dd{margin:0;font-weight:600;overflow-wrap:anywhere;max-width:30rem}.note{opacity:.7}
.diagnostics{padding-left:1.2rem}.error{color:#d33}.warning{color:#b80}
#graph{position:relative;padding-left:7rem}#arcs{position:absolute;left:0;top:0;width:7rem;height:100%;overflow:visible;pointer-events:none}
#arcs path{fill:none;stroke:currentColor;opacity:.35;stroke-width:1}
.row{display:grid;grid-template-columns:minmax(12rem,1fr) 4rem 9rem 9rem 9rem;gap:.6rem;border-bottom:1px solid var(--line);padding:.15rem 0;align-items:center}
.head{font-weight:600}.name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.num{text-align:right;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.node{opacity:.85;padding-left:1.6rem;grid-template-columns:minmax(12rem,1fr) minmax(8rem,16rem) 9rem 9rem}.node:hover,summary:hover{background:#8882}
.gives{font-family:ui-monospace,monospace;font-size:12.5px;opacity:.7;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
summary{cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}
summary .name::before{content:"\\25b8";display:inline-block;width:1.1rem;opacity:.6}details[open]>summary .name::before{content:"\\25be"}.head .name,.closed .name{padding-left:1.1rem}
details[open]>summary{position:sticky;top:0;background:Canvas;z-index:1}
.tools{margin:1rem 0 .4rem}.hit .name{background:#fd05}.finding .node:not(.hit){display:none}
.bar{background:linear-gradient(90deg,var(--c) var(--share),transparent var(--share)) no-repeat left/100% 100%;padding:0 .3rem}
.flops{--c:color-mix(in srgb,var(--f) 45%,transparent)}.weights{--c:color-mix(in srgb,var(--w) 45%,transparent)}.activations{--c:color-mix(in srgb,var(--a) 45%,transparent)}
`;

/** Draws arcs between visible rows: a closed block stands for its nodes. */
export const inspectionScript = `
const graph=document.getElementById("graph"),svg=document.getElementById("arcs");
const home=new Map();
for(const row of graph.querySelectorAll("[data-node]"))home.set(+row.dataset.node,row);
function shown(n){const row=home.get(n);if(!row)return null;const d=row.closest("details");return d&&!d.open?d.querySelector("summary"):row.offsetParent?row:null;}
function draw(){
  const top=graph.getBoundingClientRect().top,seen=new Set(),ids=new Map(),paths=[];
  const id=e=>{if(!ids.has(e))ids.set(e,ids.size);return ids.get(e);};
  const mid=e=>{const r=e.getBoundingClientRect();return r.top+r.height/2-top;};
  for(const [from,to] of edges){
    const a=shown(from),b=shown(to);if(!a||!b||a===b)continue;
    const key=id(a)+" "+id(b);if(seen.has(key))continue;seen.add(key);
    const y=mid(a),z=mid(b),reach=Math.min(100,8+Math.abs(z-y)/8);
    paths.push("M108 "+y+"C"+(108-reach)+" "+y+" "+(108-reach)+" "+z+" 108 "+z);
    if(paths.length>4000)break;
  }
  svg.innerHTML=paths.map(p=>'<path d="'+p+'"/>').join("");
}
const blocks=[...graph.querySelectorAll("details")];
let pending=0;
function soon(){if(!pending)pending=requestAnimationFrame(()=>{pending=0;draw();});}
for(const d of blocks)d.addEventListener("toggle",soon);
addEventListener("resize",soon);
if(blocks.length)document.querySelector(".tools").hidden=false;
const all=open=>()=>{for(const d of blocks)d.open=open;};
document.getElementById("open").onclick=all(true);document.getElementById("close").onclick=all(false);
document.getElementById("find").oninput=e=>{
  const wanted=e.target.value.trim().toLowerCase();let hits=0;graph.classList.toggle("finding",wanted!=="");
  for(const d of blocks){
    let any=false;
    for(const row of d.querySelectorAll("[data-node]")){const hit=wanted!==""&&row.textContent.toLowerCase().includes(wanted);row.classList.toggle("hit",hit);if(hit){any=true;hits++;}}
    d.open=any;
  }
  soon();
  document.getElementById("found").textContent=wanted===""?"":hits+(hits===1?" node":" nodes");
};
draw();
`;
