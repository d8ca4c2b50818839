// A readable page of /openapi.json, with nothing fetched from anywhere else.

import { element } from "./element.js";

const api = await (await fetch("/openapi.json")).json();

function named(reference) {
  return reference.split("/").pop();
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return named(schema.$ref);
  if (schema.oneOf || schema.anyOf) return (schema.oneOf ?? schema.anyOf).map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `${typeOf(schema.items)}[]`;
  return [schema.type].flat().filter(Boolean).join(" | ") + (schema.format ? ` (${schema.format})` : "");
}

function table(rows) {
  return rows.length ? element("table", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))))) : "";
}

function code(text) {
  return element("code", {}, text);
}

function call(path, method, operation) {
  const parameters = (operation.parameters ?? []).map((p) => [code(p.name), p.in, typeOf(p.schema), p.description ?? ""]);
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(([type, content]) => [code(type), typeOf(content.schema)]);
  const answers = Object.entries(operation.responses ?? {}).map(([status, answer]) => {
    const kinds = Object.values(answer.content ?? {}).map((content) => typeOf(content.schema)).join(", ");
    return [code(status), kinds, answer.description ?? ""];
  });
  return element("details", { class: "card" },
    element("summary", {}, element("span", { class: "method mono" }, method.toUpperCase()), code(path), element("span", { class: "quiet" }, operation.summary ?? "")),
    element("p", {}, operation.description ?? ""), table(parameters), table(bodies), table(answers));
}

const calls = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item).filter(([, operation]) => operation.responses).map(([method, operation]) => call(path, method, operation)));
document.getElementById("calls").replaceChildren(...calls);

const schemas = Object.entries(api.components?.schemas ?? {}).map(([name, schema]) => {
  const rows = Object.entries(schema.properties ?? {}).map(([field, of]) => [code(field), typeOf(of), of.description ?? ""]);
  return element("details", {}, element("summary", {}, code(name)), element("p", {}, schema.description ?? ""),
    rows.length ? table(rows) : code(typeOf(schema)));
});
document.getElementById("schemas").replaceChildren(...schemas);
