-- search french "French customers" on customer (plain.rules:1)
WITH customer_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS code,
    self."name" AS "name",
    self.country AS country,
    self.locked AS locked
  FROM customer AS self
), customer_1 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(s.country = 'FR' AND NOT COALESCE(s.locked, FALSE), FALSE) AS french
  FROM customer_0 AS s
)
SELECT
  s.code AS "key",
  s."name" AS label
FROM customer_1 AS s
WHERE
  s.french
ORDER BY
  s.code ASC NULLS FIRST;

-- search indebted on customer (plain.rules:3)
WITH todays_rates AS MATERIALIZED (
  SELECT
    currency,
    rate
  FROM (
    SELECT
      currency,
      rate,
      ROW_NUMBER() OVER (PARTITION BY currency ORDER BY "on" DESC) AS n
    FROM rates
    WHERE
      "on" <= CAST('2026-11-22' AS DATE)
  ) AS r
  WHERE
    n = 1
), customer_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS code,
    self."name" AS "name",
    self.code AS row_key
  FROM customer AS self
), document_0 AS NOT MATERIALIZED (
  SELECT
    self.customer AS customer_key,
    self.open_amount_currency AS open_amount_currency,
    self.open_amount AS open_amount,
    self.due_date AS due_date,
    self."type" AS "type"
  FROM document AS self
), document_1 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.open_amount_currency AS open_amount_currency,
    s.open_amount AS open_amount,
    s.due_date AS due_date,
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit
  FROM document_0 AS s
), customer_2 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(g1.a0s, 0) AS overdue,
    COALESCE(g1.a1n, 0) AS f_1
  FROM customer_0 AS s
  LEFT JOIN (
    SELECT
      k,
      CAST(SUM(CASE WHEN r.b0 THEN r.x0 END) AS DECIMAL(38, 10)) AS a0s,
      COUNT(*) AS a1n
    FROM (
      SELECT
        e.customer_key AS k,
        e.due_date < CAST('2026-11-22' AS DATE) AS b0,
        CASE
          WHEN e.open_amount_currency = 'EUR'
          THEN CAST(e.open_amount AS DECIMAL(38, 10))
          WHEN e.open_amount = 0
          THEN CAST(0 AS DECIMAL(38, 10))
          ELSE CAST(ROUND(CAST(e.open_amount AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
        END AS x0
      FROM document_1 AS e
      LEFT JOIN todays_rates AS r1
        ON r1.currency = e.open_amount_currency
      WHERE
        e.is_open_debit
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
), customer_3 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(s.overdue > 10000 AND s.f_1 > 2, FALSE) AS indebted
  FROM customer_2 AS s
)
SELECT
  s.code AS "key",
  s."name" AS label
FROM customer_3 AS s
WHERE
  s.indebted
ORDER BY
  s.code ASC NULLS FIRST;

-- search long_due on document (plain.rules:2)
WITH document_0 AS NOT MATERIALIZED (
  SELECT
    self."number" AS "number",
    self.open_amount AS open_amount,
    self."type" AS "type",
    self.due_date AS due_date,
    self.status AS status
  FROM document AS self
), document_1 AS NOT MATERIALIZED (
  SELECT
    s."number" AS "number",
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit,
    CASE
      WHEN s.due_date < CAST('2026-11-22' AS DATE)
      THEN CAST(CAST('2026-11-22' AS DATE) - s.due_date AS BIGINT)
    END AS days_overdue,
    s.status AS status
  FROM document_0 AS s
), document_2 AS NOT MATERIALIZED (
  SELECT
    s."number" AS "number",
    COALESCE(
      s.is_open_debit
      AND s.days_overdue > 60
      AND NOT COALESCE(s.status = 'declared', FALSE),
      FALSE
    ) AS long_due
  FROM document_1 AS s
)
SELECT
  s."number" AS "key",
  s."number" AS label
FROM document_2 AS s
WHERE
  s.long_due
ORDER BY
  s."number" ASC NULLS FIRST;
