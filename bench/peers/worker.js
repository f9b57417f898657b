// The Worker's baseline: a pass-through that reads the body to route, and nothing else.
export default {
  async fetch(request) {
    const raw = await request.text();
    if (!JSON.parse(raw).model) return new Response("no model", { status: 400 });
    const answer = await fetch("http://127.0.0.1:9190" + new URL(request.url).pathname, {
      method: "POST",
      body: raw,
      headers: { "content-type": "application/json", authorization: "Bearer sk-upstream" },
    });
    return new Response(answer.body, {
      status: answer.status,
      headers: { "content-type": answer.headers.get("content-type") },
    });
  },
};
