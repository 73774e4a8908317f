-- search all_of_them on customer (aggregates.rules:10)
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
    CASE
      WHEN NOT self.legal_entity IS NULL
      THEN 'L' || self.legal_entity
      ELSE 'C' || self.code
    END AS legal_entity_key,
    self.code AS row_key,
    COALESCE(
      self."policy",
      (
        SELECT
          MIN(p.code)
        FROM "policy" AS p
        WHERE
          NOT EXISTS(
            SELECT
              1
            FROM customer AS n
            WHERE
              NOT n."policy" IS NULL
          )
        HAVING
          COUNT(*) = 1
      )
    ) AS policy_key,
    self.country AS country
  FROM customer AS self
), document_0 AS NOT MATERIALIZED (
  SELECT
    self.customer AS customer_key,
    self.due_date AS due_date,
    self.open_amount_currency AS open_amount_currency,
    self.open_amount AS open_amount,
    self."type" AS "type",
    self.status AS status,
    self.promised_on AS promised_on,
    self."number" AS "number",
    self.issue_date AS issue_date,
    self.comment AS comment
  FROM document AS self
), legal_entity_0 AS NOT MATERIALIZED (
  SELECT
    'L' || self.code AS row_key,
    CASE WHEN NOT self.parent IS NULL THEN 'L' || self.parent END AS parent_key,
    self.country AS country
  FROM legal_entity AS self
  UNION ALL
  SELECT
    'C' || self.code AS row_key,
    NULL AS parent_key,
    self.country AS country
  FROM customer AS self
  WHERE
    self.legal_entity IS NULL
), policy_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS row_key
  FROM "policy" AS self
), policy_country_0 AS NOT MATERIALIZED (
  SELECT
    COALESCE(
      self."policy",
      (
        SELECT
          MIN(p.code)
        FROM "policy" AS p
        WHERE
          NOT EXISTS(
            SELECT
              1
            FROM policy_country AS n
            WHERE
              NOT n."policy" IS NULL
          )
        HAVING
          COUNT(*) = 1
      )
    ) AS policy_key,
    self.id AS row_key,
    self.country AS country,
    self.nd_allowed AS nd_allowed
  FROM policy_country AS self
), customer_1 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(g1.a0s, 0) AS late,
    COALESCE(g1.a1n, 0) AS late_disputes,
    COALESCE(g1.a2n, 0) AS late_promises,
    COALESCE(g1.a3s, 0) AS f_1,
    COALESCE(g1.a4n, 0) AS f_2,
    CAST(ROUND((
      CAST(g1.a5l AS DECIMAL(38, 10)) + CAST(g1.a5h AS DECIMAL(38, 10))
    ) * 0.5, 10) AS DECIMAL(38, 10)) AS middle,
    l1.x AS last_comment,
    s.legal_entity_key AS legal_entity_key,
    COALESCE(g2.a0n, 0) > 0 AS f_6,
    s.row_key AS row_key
  FROM customer_0 AS s
  LEFT JOIN (
    SELECT
      k,
      CAST(SUM(CASE WHEN (
        r.m0 & 3
      ) = 3 THEN r.x0 END) AS DECIMAL(38, 10)) AS a0s,
      COUNT(CASE WHEN (
        r.m0 & 7
      ) = 7 THEN 1 END) AS a1n,
      COUNT(CASE WHEN (
        r.m0 & 27
      ) = 27 THEN 1 END) AS a2n,
      CAST(SUM(CASE WHEN (
        r.m0 & 96
      ) = 96 THEN r.x0 END) AS DECIMAL(38, 10)) AS a3s,
      COUNT(CASE WHEN (
        r.m0 & 96
      ) = 96 THEN 1 END) AS a4n,
      QUANTILE_DISC(r.x0, 0.5) AS a5l,
      -QUANTILE_DISC(-r.x0, 0.5) AS a5h
    FROM (
      SELECT
        e.customer_key AS k,
        CASE WHEN e.due_date < CAST('2026-11-22' AS DATE) THEN CAST(1 AS BIGINT) ELSE 0 END + CASE WHEN e.open_amount > 0 THEN CAST(2 AS BIGINT) ELSE 0 END + CASE WHEN e.status = 'dispute' THEN CAST(4 AS BIGINT) ELSE 0 END + CASE WHEN e.status = 'promise' THEN CAST(8 AS BIGINT) ELSE 0 END + CASE
          WHEN e.promised_on >= CAST('2026-11-22' AS DATE)
          THEN CAST(16 AS BIGINT)
          ELSE 0
        END + CASE WHEN e."type" = 'invoice' THEN CAST(32 AS BIGINT) ELSE 0 END + CASE WHEN NOT (
          e.open_amount IS NULL
        ) THEN CAST(64 AS BIGINT) ELSE 0 END AS m0,
        CASE
          WHEN e.open_amount_currency = 'EUR'
          THEN CAST(e.open_amount AS DECIMAL(38, 10))
          WHEN e.open_amount = 0
          THEN CAST(0 AS DECIMAL(38, 10))
          ELSE CAST(ROUND(CAST(e.open_amount AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
        END AS x0
      FROM document_0 AS e
      LEFT JOIN todays_rates AS r1
        ON r1.currency = e.open_amount_currency
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
  LEFT JOIN (
    SELECT
      k,
      COUNT(*) AS a0n
    FROM (
      SELECT
        p.k AS k
      FROM (
        SELECT DISTINCT
          o.row_key AS k,
          s2.row_key AS e
        FROM customer_0 AS o
        JOIN policy_0 AS s1
          ON s1.row_key = o.policy_key
        JOIN policy_country_0 AS s2
          ON s2.policy_key = s1.row_key
      ) AS p
      JOIN policy_country_0 AS e
        ON e.row_key = p.e
      JOIN customer_0 AS t
        ON t.row_key = p.k
      WHERE
        e.country = t.country AND e.nd_allowed
    ) AS r
    GROUP BY
      k
  ) AS g2
    ON g2.k = s.row_key
  LEFT JOIN (
    SELECT
      k,
      x
    FROM (
      SELECT
        e.customer_key AS k,
        e.comment AS x,
        ROW_NUMBER() OVER (PARTITION BY e.customer_key ORDER BY e.issue_date DESC, e."number" DESC) AS n
      FROM document_0 AS e
      JOIN customer_0 AS t
        ON t.row_key = e.customer_key
      WHERE
        NOT (
          e.comment IS NULL
        ) AND NOT e.issue_date IS NULL
    ) AS r
    WHERE
      n = 1
  ) AS l1
    ON l1.k = s.row_key
), document_1 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    CASE
      WHEN s.due_date < CAST('2026-11-22' AS DATE)
      THEN CAST(CAST('2026-11-22' AS DATE) - s.due_date AS BIGINT)
    END AS days_overdue,
    s.open_amount_currency AS open_amount_currency,
    s.open_amount AS open_amount,
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit
  FROM document_0 AS s
), legal_entity_1 AS MATERIALIZED (
  SELECT
    s.row_key AS row_key,
    s.parent_key AS parent_key,
    COALESCE(g1.a0n, 0) AS f_3
  FROM legal_entity_0 AS s
  LEFT JOIN (
    SELECT
      k,
      COUNT(DISTINCT r.x0) AS a0n
    FROM (
      SELECT
        e.parent_key AS k,
        e.country AS x0
      FROM legal_entity_0 AS e
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
), customer_2 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.late AS late,
    s.late_disputes AS late_disputes,
    s.late_promises AS late_promises,
    CASE
      WHEN s.f_2 <> 0
      THEN CAST(CASE WHEN (
        s.f_1 >= 0
      ) = (
        s.f_2 > 0
      ) THEN 1 ELSE (
        -1
      ) END * (
        CAST(CAST(REPLACE(CAST(CAST(ABS(s.f_1) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) // ABS(
          CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
        ) AS DECIMAL(38, 10)) + CAST(CAST((
          (
            (
              CAST(REPLACE(CAST(CAST(ABS(s.f_1) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) % ABS(
                CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
              )
            ) * CAST(10000000000 AS INT128)
          ) // ABS(
            CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
          )
        ) + CASE
          WHEN (
            (
              (
                CAST(REPLACE(CAST(CAST(ABS(s.f_1) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) % ABS(
                  CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
                )
              ) * CAST(10000000000 AS INT128)
            ) % ABS(
              CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
            )
          ) >= (
            ABS(
              CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
            ) - (
              (
                (
                  CAST(REPLACE(CAST(CAST(ABS(s.f_1) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) % ABS(
                    CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
                  )
                ) * CAST(10000000000 AS INT128)
              ) % ABS(
                CAST(REPLACE(CAST(NULLIF(CAST(s.f_2 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
              )
            )
          )
          THEN 1
          ELSE 0
        END AS DECIMAL(38, 0)) * 0.0000000001 AS DECIMAL(38, 10))
      ) AS DECIMAL(38, 10))
    END AS average_open,
    s.middle AS middle,
    s.last_comment AS last_comment,
    COALESCE(v2.f_3, 0) AS countries,
    COALESCE(g1.a0s, 0) AS f_4,
    COALESCE(g1.a1s, 0) AS f_5,
    s.f_6 AS same_country
  FROM customer_1 AS s
  LEFT JOIN (
    SELECT
      k,
      CAST(SUM(r.x0) AS DECIMAL(38, 10)) AS a0s,
      CAST(SUM(r.x1) AS DECIMAL(38, 10)) AS a1s
    FROM (
      SELECT
        e.customer_key AS k,
        e.days_overdue * CASE
          WHEN e.open_amount_currency = 'EUR'
          THEN CAST(e.open_amount AS DECIMAL(38, 10))
          WHEN e.open_amount = 0
          THEN CAST(0 AS DECIMAL(38, 10))
          ELSE CAST(ROUND(CAST(e.open_amount AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
        END AS x0,
        CASE
          WHEN e.open_amount_currency = 'EUR'
          THEN CAST(e.open_amount AS DECIMAL(38, 10))
          WHEN e.open_amount = 0
          THEN CAST(0 AS DECIMAL(38, 10))
          ELSE CAST(ROUND(CAST(e.open_amount AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
        END AS x1
      FROM document_1 AS e
      LEFT JOIN todays_rates AS r1
        ON r1.currency = e.open_amount_currency
      WHERE
        e.is_open_debit
        AND NOT (
          e.days_overdue IS NULL
        )
        AND NOT (
          CASE
            WHEN e.open_amount_currency = 'EUR'
            THEN CAST(e.open_amount AS DECIMAL(38, 10))
            WHEN e.open_amount = 0
            THEN CAST(0 AS DECIMAL(38, 10))
            ELSE CAST(ROUND(CAST(e.open_amount AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
          END IS NULL
        )
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
  LEFT JOIN legal_entity_1 AS v1
    ON v1.row_key = s.legal_entity_key
  LEFT JOIN legal_entity_1 AS v2
    ON v2.row_key = v1.parent_key
), customer_3 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.late AS late,
    s.late_disputes AS late_disputes,
    s.late_promises AS late_promises,
    s.average_open AS average_open,
    s.middle AS middle,
    s.last_comment AS last_comment,
    s.countries AS countries,
    CASE
      WHEN s.f_5 <> 0
      THEN CAST(CASE WHEN (
        s.f_4 >= 0
      ) = (
        s.f_5 > 0
      ) THEN 1 ELSE (
        -1
      ) END * (
        CAST(CAST(REPLACE(CAST(CAST(ABS(s.f_4) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) // ABS(
          CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
        ) AS DECIMAL(38, 10)) + CAST(CAST((
          (
            (
              CAST(REPLACE(CAST(CAST(ABS(s.f_4) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) % ABS(
                CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
              )
            ) * CAST(10000000000 AS INT128)
          ) // ABS(
            CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
          )
        ) + CASE
          WHEN (
            (
              (
                CAST(REPLACE(CAST(CAST(ABS(s.f_4) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) % ABS(
                  CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
                )
              ) * CAST(10000000000 AS INT128)
            ) % ABS(
              CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
            )
          ) >= (
            ABS(
              CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
            ) - (
              (
                (
                  CAST(REPLACE(CAST(CAST(ABS(s.f_4) AS DECIMAL(38, 10)) AS TEXT), '.', '') AS INT128) % ABS(
                    CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
                  )
                ) * CAST(10000000000 AS INT128)
              ) % ABS(
                CAST(REPLACE(CAST(NULLIF(CAST(s.f_5 AS DECIMAL(38, 10)), 0) AS TEXT), '.', '') AS INT128)
              )
            )
          )
          THEN 1
          ELSE 0
        END AS DECIMAL(38, 0)) * 0.0000000001 AS DECIMAL(38, 10))
      ) AS DECIMAL(38, 10))
    END AS days_by_amount,
    s.same_country AS same_country
  FROM customer_2 AS s
), customer_4 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(
      s.late > 0
      AND s.late_disputes >= 1
      AND s.late_promises = 0
      AND s.average_open > 5
      AND s.middle > 1
      AND NOT (
        s.last_comment IS NULL
      )
      AND s.countries > 1
      AND s.days_by_amount > 10
      AND s.same_country,
      FALSE
    ) AS all_of_them
  FROM customer_3 AS s
)
SELECT
  s.code AS "key",
  s."name" AS label
FROM customer_4 AS s
WHERE
  s.all_of_them
ORDER BY
  s.code ASC NULLS FIRST;
