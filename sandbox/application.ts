/** What runs in a tenant's container: as much of AI-DIY's outside as can be seen from the network (reference: AI-DIY, sections 2, 4 and 5). */

/** Answers as the application with these variables does: who carries an Access header is believed, else basic auth decides; `/yourapp/` and the health
 *  page are open. */
export function applicationAnswer(request: Request, variables: Readonly<Record<string, string>>): Response {
  const { pathname } = new URL(request.url);
  const production = variables.PRODUCTION === "true";
  if (pathname === "/health") return Response.json({ status: variables.OPENROUTER_API_KEY ? "healthy" : "unhealthy" });
  if (pathname === "/api/env") return Response.json({ environment: production ? "PRODUCTION" : "DEVELOPMENT" });
  if (pathname === "/yourapp" || pathname.startsWith("/yourapp/")) return page("An application that this tenant made", variables);
  if (production && !letIn(request, variables)) {
    return new Response("Not authenticated", { status: 401, headers: { "www-authenticate": 'Basic realm="AI-DIY"' } });
  }
  return page("AI-DIY", variables);
}

const believed = ["cf-access-jwt-assertion", "cf-access-authenticated-user-email", "cf-access-authenticated-user"];

function letIn(request: Request, variables: Readonly<Record<string, string>>): boolean {
  if (believed.some((name) => request.headers.has(name))) return true;
  const given = /^Basic (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) return false;
  // The default that the application falls back to where nobody set a password.
  const pairs = (variables.BASIC_AUTH_USERS || "admin:changeme").split(",");
  return pairs.includes(Buffer.from(given, "base64").toString("utf8"));
}

function page(title: string, variables: Readonly<Record<string, string>>): Response {
  const tenant = (variables.USER_ID ?? "nobody").replaceAll(/[^\w-]/g, "");
  const html = `<!doctype html><title>${title}</title><h1>${title}</h1><p>Instance of ${tenant}, emulated by the sandbox.</p>\n`;
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}
