-- search late on customer (listings.rules:1)
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
    self."type" AS "type",
    self.due_date AS due_date
  FROM document AS self
), document_1 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.open_amount_currency AS open_amount_currency,
    s.open_amount AS open_amount,
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit,
    s.due_date AS due_date
  FROM document_0 AS s
), customer_2 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(g1.a0s, 0) AS overdue
  FROM customer_0 AS s
  LEFT JOIN (
    SELECT
      k,
      CAST(SUM(r.x0) AS DECIMAL(38, 10)) AS a0s
    FROM (
      SELECT
        e.customer_key AS k,
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
        e.is_open_debit AND e.due_date < CAST('2026-11-22' AS DATE)
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
), customer_3 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(s.overdue > 0, FALSE) AS late
  FROM customer_2 AS s
)
SELECT
  s.code AS "key",
  s."name" AS label
FROM customer_3 AS s
WHERE
  s.late
ORDER BY
  s.code ASC NULLS FIRST;

-- alert great_debts "Great debts" on customer (listings.rules:3)
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
    self."type" AS "type",
    self.due_date AS due_date
  FROM document AS self
), document_1 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.open_amount_currency AS open_amount_currency,
    s.open_amount AS open_amount,
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit,
    s.due_date AS due_date
  FROM document_0 AS s
), customer_2 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(g1.a0s, 0) AS overdue
  FROM customer_0 AS s
  LEFT JOIN (
    SELECT
      k,
      CAST(SUM(r.x0) AS DECIMAL(38, 10)) AS a0s
    FROM (
      SELECT
        e.customer_key AS k,
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
        e.is_open_debit AND e.due_date < CAST('2026-11-22' AS DATE)
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
), customer_3 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.overdue AS overdue,
    COALESCE(s.overdue > 0, FALSE) AS late
  FROM customer_2 AS s
)
SELECT
  ROW_NUMBER() OVER (ORDER BY o0 DESC, "key" ASC NULLS FIRST) AS place,
  "key",
  label,
  COALESCE(CAST(TO_JSON(v0) AS TEXT), 'null') AS c0,
  COALESCE(
    '"' || (
      REGEXP_REPLACE(CAST(CAST(v1 AS DECIMAL(38, 10)) AS TEXT), '(\.\d\d\d*?)0+$', '\1') || ' ' || v1_currency
    ) || '"',
    'null'
  ) AS c1
FROM (
  SELECT
    s.code AS "key",
    s."name" AS label,
    s."name" AS v0,
    s.overdue AS v1,
    'EUR' AS v1_currency,
    s.overdue AS o0
  FROM customer_3 AS s
  WHERE
    s.late AND s.overdue > 10000
) AS d
ORDER BY
  place ASC NULLS FIRST;

-- report by_country "Debts by country" on customer (listings.rules:5): its groups
CREATE TEMPORARY TABLE report_groups AS
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
    self.country AS country,
    self.code AS row_key
  FROM customer AS self
), document_0 AS NOT MATERIALIZED (
  SELECT
    self.customer AS customer_key,
    self.open_amount_currency AS open_amount_currency,
    self.open_amount AS open_amount,
    self."type" AS "type",
    self.due_date AS due_date
  FROM document AS self
), document_1 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.open_amount_currency AS open_amount_currency,
    s.open_amount AS open_amount,
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit,
    s.due_date AS due_date
  FROM document_0 AS s
), customer_2 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.country AS country,
    COALESCE(g1.a0s, 0) AS overdue
  FROM customer_0 AS s
  LEFT JOIN (
    SELECT
      k,
      CAST(SUM(r.x0) AS DECIMAL(38, 10)) AS a0s
    FROM (
      SELECT
        e.customer_key AS k,
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
        e.is_open_debit AND e.due_date < CAST('2026-11-22' AS DATE)
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
), customer_3 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.country AS country,
    COALESCE(s.overdue > 0, FALSE) AS late,
    s.overdue AS overdue
  FROM customer_2 AS s
)
SELECT
  COALESCE(t.g0, '–') || ', ' || COALESCE(CASE WHEN t.g1 THEN 'true' WHEN NOT t.g1 THEN 'false' END, '–') AS "key",
  t.g0 AS "group 1",
  t.g1 AS "group 2",
  COALESCE(t.a0n, 0) AS "total 1",
  COALESCE(t.a1s, 0) AS "total 2",
  'EUR' AS "total 2_currency"
FROM (
  SELECT
    r.g0,
    r.g1,
    COUNT(*) AS a0n,
    CAST(SUM(r.x0) AS DECIMAL(38, 10)) AS a1s
  FROM (
    SELECT
      s.code AS "key",
      s.country AS g0,
      s.late AS g1,
      s.overdue AS x0
    FROM customer_3 AS s
  ) AS r
  GROUP BY
    r.g0,
    r.g1
) AS t;

-- report by_country "Debts by country" on customer (listings.rules:5): its lines
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
), report_by_country_0 AS NOT MATERIALIZED (
  SELECT
    self."key" AS "key",
    self."group 1" AS group_1,
    self."group 2" AS group_2,
    self."total 1" AS total_1,
    self."total 2" AS total_2,
    self."total 2_currency" AS total_2_currency
  FROM report_groups AS self
)
SELECT
  ROW_NUMBER() OVER (ORDER BY o0 DESC, o1 ASC, o2 ASC, "key" ASC NULLS FIRST) AS place,
  "key",
  label,
  COALESCE(CAST(TO_JSON(v0) AS TEXT), 'null') AS c0,
  COALESCE(CASE WHEN v1 THEN 'true' WHEN NOT v1 THEN 'false' END, 'null') AS c1,
  COALESCE(CAST(v2 AS TEXT), 'null') AS c2,
  COALESCE(
    '"' || (
      REGEXP_REPLACE(CAST(CAST(v3 AS DECIMAL(38, 10)) AS TEXT), '(\.\d\d\d*?)0+$', '\1') || ' ' || v3_currency
    ) || '"',
    'null'
  ) AS c3
FROM (
  SELECT
    s."key" AS "key",
    s."key" AS label,
    s.group_1 AS v0,
    s.group_2 AS v1,
    s.total_1 AS v2,
    s.total_2 AS v3,
    s.total_2_currency AS v3_currency,
    CASE
      WHEN s.total_2_currency = 'EUR'
      THEN CAST(s.total_2 AS DECIMAL(38, 10))
      WHEN s.total_2 = 0
      THEN CAST(0 AS DECIMAL(38, 10))
      ELSE CAST(ROUND(CAST(s.total_2 AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
    END AS o0,
    s.group_1 AS o1,
    s.group_2 AS o2
  FROM report_by_country_0 AS s
  LEFT JOIN todays_rates AS r1
    ON r1.currency = s.total_2_currency
) AS d
ORDER BY
  place ASC NULLS FIRST;

DROP TABLE report_groups;

-- report by_type on document (listings.rules:7): its groups
CREATE TEMPORARY TABLE report_groups AS
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
), document_0 AS NOT MATERIALIZED (
  SELECT
    self."number" AS "number",
    self."type" AS "type",
    self.open_amount AS open_amount,
    self.open_amount_currency AS open_amount_currency
  FROM document AS self
)
SELECT
  COALESCE(t.g0, '–') AS "key",
  t.g0 AS "group 1",
  COALESCE(
    CASE
      WHEN COALESCE(t.min_c0, t.min_z0) = COALESCE(t.max_c0, t.max_z0)
      THEN t.s_x0_
      ELSE t.s_h0
    END,
    0
  ) AS "total 1",
  CASE
    WHEN COALESCE(t.min_c0, t.min_z0) = COALESCE(t.max_c0, t.max_z0)
    THEN COALESCE(t.min_c0, t.min_z0)
    ELSE 'EUR'
  END AS "total 1_currency"
FROM (
  SELECT
    r.g0,
    MIN(r.c0) AS min_c0,
    MIN(r.z0) AS min_z0,
    MAX(r.c0) AS max_c0,
    MAX(r.z0) AS max_z0,
    CAST(SUM(r.x0_) AS DECIMAL(38, 10)) AS s_x0_,
    CAST(SUM(r.h0) AS DECIMAL(38, 10)) AS s_h0
  FROM (
    SELECT
      s."number" AS "key",
      s."type" AS g0,
      s.open_amount AS x0_,
      CASE
        WHEN s.open_amount_currency = 'EUR'
        THEN CAST(s.open_amount AS DECIMAL(38, 10))
        WHEN s.open_amount = 0
        THEN CAST(0 AS DECIMAL(38, 10))
        ELSE CAST(ROUND(CAST(s.open_amount AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
      END AS h0,
      CASE WHEN NOT (
        s.open_amount = 0
      ) THEN s.open_amount_currency END AS c0,
      CASE WHEN s.open_amount = 0 THEN s.open_amount_currency END AS z0
    FROM document_0 AS s
    LEFT JOIN todays_rates AS r1
      ON r1.currency = s.open_amount_currency
  ) AS r
  GROUP BY
    r.g0
) AS t;

-- report by_type on document (listings.rules:7): its lines
WITH report_by_type_0 AS NOT MATERIALIZED (
  SELECT
    self."key" AS "key",
    self."group 1" AS group_1,
    self."total 1" AS total_1,
    self."total 1_currency" AS total_1_currency
  FROM report_groups AS self
)
SELECT
  ROW_NUMBER() OVER (ORDER BY o0 ASC, "key" ASC NULLS FIRST) AS place,
  "key",
  label,
  COALESCE(CAST(TO_JSON(v0) AS TEXT), 'null') AS c0,
  COALESCE(
    '"' || (
      REGEXP_REPLACE(CAST(CAST(v1 AS DECIMAL(38, 10)) AS TEXT), '(\.\d\d\d*?)0+$', '\1') || ' ' || v1_currency
    ) || '"',
    'null'
  ) AS c1
FROM (
  SELECT
    s."key" AS "key",
    s."key" AS label,
    s.group_1 AS v0,
    s.total_1 AS v1,
    s.total_1_currency AS v1_currency,
    s.group_1 AS o0
  FROM report_by_type_0 AS s
) AS d
ORDER BY
  place ASC NULLS FIRST;

DROP TABLE report_groups;

-- report late_documents "Late documents" on document (listings.rules:9)
WITH customer_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS row_key,
    self."name" AS "name"
  FROM customer AS self
), document_0 AS NOT MATERIALIZED (
  SELECT
    self."number" AS "number",
    self.customer AS customer_key,
    self.open_amount AS open_amount,
    self.open_amount_currency AS open_amount_currency,
    self.due_date AS due_date
  FROM document AS self
), document_1 AS NOT MATERIALIZED (
  SELECT
    s."number" AS "number",
    s.customer_key AS customer_key,
    s.open_amount AS open_amount,
    s.open_amount_currency AS open_amount_currency,
    CASE
      WHEN s.due_date < CAST('2026-11-22' AS DATE)
      THEN CAST(CAST('2026-11-22' AS DATE) - s.due_date AS BIGINT)
    END AS days_overdue
  FROM document_0 AS s
)
SELECT
  ROW_NUMBER() OVER (ORDER BY o0 DESC, "key" ASC NULLS FIRST) AS place,
  "key",
  label,
  COALESCE(CAST(TO_JSON(v0) AS TEXT), 'null') AS c0,
  COALESCE(
    '"' || (
      REGEXP_REPLACE(CAST(CAST(v1 AS DECIMAL(38, 10)) AS TEXT), '(\.\d\d\d*?)0+$', '\1') || ' ' || v1_currency
    ) || '"',
    'null'
  ) AS c1
FROM (
  SELECT
    s."number" AS "key",
    s."number" AS label,
    v1."name" AS v0,
    s.open_amount AS v1,
    s.open_amount_currency AS v1_currency,
    s.days_overdue AS o0
  FROM document_1 AS s
  LEFT JOIN customer_0 AS v1
    ON v1.row_key = s.customer_key
  WHERE
    s.days_overdue > 30
) AS d
ORDER BY
  place ASC NULLS FIRST;
