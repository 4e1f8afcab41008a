// The image's health check: asks the running appliance how it is, on this machine. PORCHLIGHT_HEALTH_URL names
// another address than the default, for a changed --http.
const url = process.env.PORCHLIGHT_HEALTH_URL ?? "http://127.0.0.1:8080/healthz";
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  const text = (await response.text()).slice(0, 2_000);
  process.stdout.write(`${response.status} ${text}\n`);
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`no answer from ${url}: ${error.cause?.message ?? error.message}\n`);
  process.exitCode = 1;
}
