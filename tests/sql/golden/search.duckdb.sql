-- search french "French customers" on customer (search.rules:3)
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

-- search large_dispute on customer (search.rules:4)
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
    self.status AS status,
    self.open_amount AS open_amount,
    self.open_amount_currency AS open_amount_currency
  FROM document AS self
), customer_1 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(g1.a0n, 0) > 0 AS large_dispute
  FROM customer_0 AS s
  LEFT JOIN (
    SELECT
      k,
      COUNT(*) AS a0n
    FROM (
      SELECT
        e.customer_key AS k
      FROM document_0 AS e
      LEFT JOIN todays_rates AS r1
        ON r1.currency = e.open_amount_currency
      WHERE
        e.status = 'dispute'
        AND CASE
          WHEN e.open_amount_currency = 'EUR'
          THEN e.open_amount > 10000
          ELSE CASE
            WHEN e.open_amount_currency = 'EUR'
            THEN CAST(e.open_amount AS DECIMAL(38, 10))
            WHEN e.open_amount = 0
            THEN CAST(0 AS DECIMAL(38, 10))
            ELSE CAST(ROUND(CAST(e.open_amount AS DECIMAL(38, 10)) * r1.rate, 10) AS DECIMAL(38, 10))
          END > 10000
        END
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
)
SELECT
  s.code AS "key",
  s."name" AS label
FROM customer_1 AS s
WHERE
  s.large_dispute
ORDER BY
  s.code ASC NULLS FIRST;

-- search named on customer (search.rules:6)
WITH customer_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS code,
    self."name" AS "name",
    self.segment AS segment
  FROM customer AS self
), customer_1 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    LOWER(s.segment) AS f_1
  FROM customer_0 AS s
), customer_2 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(
      STRPOS(
        CASE
          WHEN REGEXP_MATCHES(LOWER(STRIP_ACCENTS(s."name")), '[가-힣]')
          THEN ARRAY_TO_STRING(
            LIST_TRANSFORM(
              STRING_SPLIT(LOWER(STRIP_ACCENTS(s."name")), ''),
              LAMBDA c : CASE
                WHEN c BETWEEN '가' AND '힣'
                THEN CONCAT(
                  CHR(CAST(4352 + (
                    (
                      ORD(c) - 44032
                    ) // 588
                  ) AS INT)),
                  CHR(CAST(4449 + (
                    (
                      (
                        ORD(c) - 44032
                      ) % 588
                    ) // 28
                  ) AS INT)),
                  CASE
                    WHEN (
                      (
                        ORD(c) - 44032
                      ) % 28
                    ) = 0
                    THEN ''
                    ELSE CHR(CAST(4519 + (
                      (
                        ORD(c) - 44032
                      ) % 28
                    ) AS INT))
                  END
                )
                ELSE c
              END
            ),
            ''
          )
          ELSE LOWER(STRIP_ACCENTS(s."name"))
        END,
        'societe'
      ) > 0
      OR REGEXP_MATCHES(s.code, '^C[0-9]{3}$')
      OR STARTS_WITH(
        CASE
          WHEN REGEXP_MATCHES(LOWER(STRIP_ACCENTS(s."name")), '[가-힣]')
          THEN ARRAY_TO_STRING(
            LIST_TRANSFORM(
              STRING_SPLIT(LOWER(STRIP_ACCENTS(s."name")), ''),
              LAMBDA c : CASE
                WHEN c BETWEEN '가' AND '힣'
                THEN CONCAT(
                  CHR(CAST(4352 + (
                    (
                      ORD(c) - 44032
                    ) // 588
                  ) AS INT)),
                  CHR(CAST(4449 + (
                    (
                      (
                        ORD(c) - 44032
                      ) % 588
                    ) // 28
                  ) AS INT)),
                  CASE
                    WHEN (
                      (
                        ORD(c) - 44032
                      ) % 28
                    ) = 0
                    THEN ''
                    ELSE CHR(CAST(4519 + (
                      (
                        ORD(c) - 44032
                      ) % 28
                    ) AS INT))
                  END
                )
                ELSE c
              END
            ),
            ''
          )
          ELSE LOWER(STRIP_ACCENTS(s."name"))
        END,
        CASE
          WHEN REGEXP_MATCHES(LOWER(STRIP_ACCENTS(s.f_1)), '[가-힣]')
          THEN ARRAY_TO_STRING(
            LIST_TRANSFORM(
              STRING_SPLIT(LOWER(STRIP_ACCENTS(s.f_1)), ''),
              LAMBDA c : CASE
                WHEN c BETWEEN '가' AND '힣'
                THEN CONCAT(
                  CHR(CAST(4352 + (
                    (
                      ORD(c) - 44032
                    ) // 588
                  ) AS INT)),
                  CHR(CAST(4449 + (
                    (
                      (
                        ORD(c) - 44032
                      ) % 588
                    ) // 28
                  ) AS INT)),
                  CASE
                    WHEN (
                      (
                        ORD(c) - 44032
                      ) % 28
                    ) = 0
                    THEN ''
                    ELSE CHR(CAST(4519 + (
                      (
                        ORD(c) - 44032
                      ) % 28
                    ) AS INT))
                  END
                )
                ELSE c
              END
            ),
            ''
          )
          ELSE LOWER(STRIP_ACCENTS(s.f_1))
        END
      ),
      FALSE
    ) AS named
  FROM customer_1 AS s
)
SELECT
  s.code AS "key",
  s."name" AS label
FROM customer_2 AS s
WHERE
  s.named
ORDER BY
  s.code ASC NULLS FIRST;

-- search old on document (search.rules:5)
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
    ) AS old
  FROM document_1 AS s
)
SELECT
  s."number" AS "key",
  s."number" AS label
FROM document_2 AS s
WHERE
  s.old
ORDER BY
  s."number" ASC NULLS FIRST;
