/** The chart's values: what is misspelt, dangerous or missing is refused, by the schema that Helm holds them against. */
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { Config } from "../../../src/platform/config.ts";
import { defaultValues, merge, type Values, valuesSchema } from "../../support/chart.ts";
import { EVERYTHING, SECRET } from "../../support/chart-values.ts";

test("values that are misspelt, dangerous or missing are refused before anything is installed", () => {
  const isValid = new Ajv({ strict: false }).compile(valuesSchema);
  const check = (values: Values): boolean => isValid(merge(defaultValues, values));

  expect(check(SECRET), JSON.stringify(isValid.errors)).toBe(true);
  expect(check(EVERYTHING), JSON.stringify(isValid.errors)).toBe(true);
  // What may not be, each for one reason.
  expect(check({})).toBe(false); // No secret.
  expect(check({ ...SECRET, replicas: 3 })).toBe(false);
  expect(check({ ...SECRET, roles: { wroker: {} } })).toBe(false);
  expect(check({ ...SECRET, settings: { LOG_LEVEL: 1 } })).toBe(false);
  expect(check({ ...SECRET, settings: { ROLLCALL_SECRET: "in clear" } })).toBe(false);
  expect(check({ ...SECRET, settings: { SMTP_PASSWORD: "in clear" } })).toBe(false);
  expect(check({ ...SECRET, settings: { DATABASE_READ_URL: "postgres://a:b@c/d" } })).toBe(false);
  expect(check({ ...SECRET, settings: { API_PORT: "80" } })).toBe(false);
  expect(check({ ...SECRET, settings: { TRUST_PROXIES: "10.0.0.0/8" } })).toBe(false);
  expect(check({ ...SECRET, settings: { TLS_CERT_FILE: "/tls/cert.pem" } })).toBe(false);
  expect(check({ ...SECRET, networkPolicy: { from: [] } })).toBe(false);
  expect(check({ ...SECRET, ingress: { enabled: true, apiHost: "scim.example.com" } })).toBe(false);
});

test("settings are all that there are, but for what is the chart's, what is secret, and certificates", () => {
  const { properties } = valuesSchema as {
    readonly properties: { readonly settings: { readonly propertyNames: { readonly enum: string[] } } };
  };
  const ofTheChart = ["ROLES", "HOST", "API_PORT", "DASHBOARD_PORT", "METRICS_PORT"];
  // No file is mounted into the pods, and their probes speak plain HTTP.
  const tls = ["TLS_CERT_FILE", "TLS_KEY_FILE"];
  const secret = /^(DATABASE_URL|DATABASE_READ_URL|REDIS_URL|[A-Z_]*(SECRET|PASSWORD))$/;

  expect(properties.settings.propertyNames.enum).toEqual(
    Object.keys(Config.shape).filter(
      (name) => !ofTheChart.includes(name) && !tls.includes(name) && !secret.test(name),
    ),
  );
});
