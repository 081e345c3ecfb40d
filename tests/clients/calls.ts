// Eleven kinds of calls through openapi-fetch, with the types that openapi-typescript makes: none needs a cast.
// With these media types, errors are typed too, and rows as NDJSON or CSV stay out of the way.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

type User = components["schemas"]["User"];
type UserInput = components["schemas"]["UserInput"];

const base = process.argv[2] ?? "";
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: base });
const told: Record<string, unknown> = {};

function found<T>(answer: { data?: T; error?: { code: string; detail: string } }): T {
  if (answer.error !== undefined) throw new Error(answer.error.detail);
  if (answer.data === undefined) throw new Error("no data");
  return answer.data;
}

const ada: UserInput = { email: "ada@example.com", full_name: "Ada" };
const created = found(await client.POST("/api/v1/data/users", { body: ada }));
if (!("id" in created)) throw new Error("not one record");
const user: User = created;
told.created = user.full_name.toUpperCase();

const many = found(
  await client.POST("/api/v1/data/users", {
    body: [
      { email: "b@example.com", full_name: "Bo", age: 30 },
      { email: "c@example.com", full_name: "Cy", age: null },
    ],
  }),
);
told.bulk = Array.isArray(many) ? many.map((one) => one.full_name) : [];

const got = await client.GET("/api/v1/data/users/{id}", { params: { path: { id: user.id } } });
told.get = found(got).email;
const tag = got.response.headers.get("etag") ?? "";

const part = found(
  await client.GET("/api/v1/data/users/{id}", {
    params: { path: { id: user.id }, query: { select: "full_name" } },
  }),
);
told.select = [part.full_name, part.email];

const list = found(
  await client.GET("/api/v1/data/users", {
    params: { query: { "age:gte": 18, sort: "-age", limit: 5, count: true, explain: true } },
  }),
);
told.list = [list.data.map((one) => one.full_name), list.next, list.total, list.explain?.rows_returned];

const put = found(
  await client.PUT("/api/v1/data/users/{id}", {
    params: { path: { id: user.id }, header: { "If-Match": tag } },
    body: { email: "ada@example.com", full_name: "Ada L.", age: 36 },
  }),
);
told.put = put.age;

const patched = found(
  await client.PATCH("/api/v1/data/users/{id}", {
    params: { path: { id: user.id } },
    body: { age: null, full_name: "Ada Lovelace" },
  }),
);
told.patch = [patched.full_name, patched.age];

const order = found(
  await client.POST("/api/v1/data/orders", {
    body: { user_id: user.id, product_name: "A ramekin", quantity: 2, total_price: 9.5 },
  }),
);
const join = found(
  await client.GET("/api/v1/join/{table1}/{table2}/{key}", {
    params: { path: { table1: "users", table2: "orders", key: "user_id" }, query: { type: "left" } },
  }),
);
told.join = [join.join.on, join.data.length];
const typed = found(
  await client.GET("/api/v1/join/users/orders/{key}", { params: { path: { key: "user_id" } } }),
);
told.typed = typed.data.map((row) => [row.users?.full_name, row.orders?.quantity]);

const groups = found(
  await client.POST("/api/v1/query/{table}", {
    params: { path: { table: "users" } },
    body: { where: { full_name: { ne: "Bo" } }, group_by: ["age"], aggregate: { n: "count" } },
  }),
);
told.query = groups.data.map((row) => row.n);

const batch = found(
  await client.POST("/api/v1/batch", {
    body: {
      operations: [
        { op: "create", table: "things", record: { id: "t", size: 5 } },
        { op: "patch", table: "things", id: "t", record: { size: 6 } },
        { op: "delete", table: "things", id: "t" },
      ],
    },
  }),
);
told.batch = batch.results.map((result) => [result.status, result.id, result.record?.size]);

const gone = await client.DELETE("/api/v1/data/users/{id}", { params: { path: { id: user.id } } });
told.delete = gone.response.status;
const missing = await client.GET("/api/v1/data/users/{id}", { params: { path: { id: user.id } } });
told.error = [missing.error?.code, missing.error?.status];
told.order = "id" in order;

// A table that is not typed: conditions are one object, and members are what they are.
const free = createClient<paths, "application/json" | "application/problem+json">({
  baseUrl: base,
  querySerializer: { object: { style: "form", explode: true } },
});
const pet = found(
  await free.POST("/api/v1/data/{table}", { params: { path: { table: "pets" } }, body: { name: "Rex", age: 3 } }),
);
if (!("id" in pet)) throw new Error("not one record");
const pets = found(
  await free.GET("/api/v1/data/{table}", {
    params: { path: { table: "pets" }, query: { conditions: { "age:gte": "3" } } },
  }),
);
told.free = pets.data.map((one) => one.name);
const same = found(
  await free.GET("/api/v1/data/{table}/{id}", { params: { path: { table: "pets", id: pet.id } } }),
);
told.same = same.id === pet.id;

console.log(JSON.stringify(told));
