-- search risky on customer (targets.rules:1)
WITH customer_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS code,
    self."name" AS "name",
    self.insurer_score AS insurer_score
  FROM customer AS self
), customer_1 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(s.insurer_score < 4, FALSE) AS risky
  FROM customer_0 AS s
)
SELECT
  s.code AS "key",
  s."name" AS label
FROM customer_1 AS s
WHERE
  s.risky
ORDER BY
  s.code ASC NULLS FIRST;

-- the rows of customer on which the rules change, hold or contradict something, as of 2026-11-22
--   cover:ND (targets.rules:18)
--   group:Risky (targets.rules:10)
--   portfolio:Marie (targets.rules:14)
--   scenario "Dunning scenarios" (targets.rules:3)
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
), contact_0 AS NOT MATERIALIZED (
  SELECT
    self.customer AS customer_key,
    self.is_dunning_contact AS is_dunning_contact,
    self.email AS email,
    self.bounced AS bounced
  FROM contact AS self
), customer_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS code,
    self."name" AS "name",
    self.insurer_score AS insurer_score,
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
    c1.m0 AS current_cover_nd,
    c1.k0 AS current_cover_nd_currency,
    NOT c2.m0 IS NULL AS current_group_risky,
    NOT c3.m0 IS NULL AS current_portfolio_marie,
    c4."value" AS current_scenario,
    self.locked AS locked,
    self.code AS row_key
  FROM customer AS self
  LEFT JOIN (
    SELECT
      subject,
      MAX(CASE WHEN member = 'ND' THEN "value" END) AS m0,
      MAX(CASE WHEN member = 'ND' THEN currency END) AS k0
    FROM assignrules_target_cover
    GROUP BY
      subject
  ) AS c1
    ON c1.subject = self.code
  LEFT JOIN (
    SELECT
      subject,
      MAX(CASE WHEN member = 'Risky' THEN 1 END) AS m0
    FROM assignrules_target_group
    GROUP BY
      subject
  ) AS c2
    ON c2.subject = self.code
  LEFT JOIN (
    SELECT
      subject,
      MAX(CASE WHEN member = 'Marie' THEN 1 END) AS m0
    FROM assignrules_target_portfolio
    GROUP BY
      subject
  ) AS c3
    ON c3.subject = self.code
  LEFT JOIN assignrules_target_scenario AS c4
    ON c4.subject = self.code
), document_0 AS NOT MATERIALIZED (
  SELECT
    self.customer AS customer_key,
    self.due_date AS due_date,
    self.open_amount AS open_amount,
    self."type" AS "type",
    self.ignored AS ignored,
    self.promised_on AS promised_on,
    self.status AS status,
    self.comment AS comment,
    self.open_amount_currency AS open_amount_currency
  FROM document AS self
), policy_0 AS NOT MATERIALIZED (
  SELECT
    self.code AS row_key,
    self.nd_amount AS nd_amount,
    self.nd_amount_currency AS nd_amount_currency
  FROM "policy" AS self
), customer_1 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    COALESCE(s.insurer_score < 4, FALSE) AS risky,
    s.policy_key AS policy_key,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.current_group_risky AS current_group_risky,
    s.current_portfolio_marie AS current_portfolio_marie,
    COALESCE(g1.a0n, 0) > 0 AS has_dunning_email,
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    COALESCE(g2.a0s, 0) AS outstanding,
    s.row_key AS row_key
  FROM customer_0 AS s
  LEFT JOIN (
    SELECT
      k,
      COUNT(*) AS a0n
    FROM (
      SELECT
        e.customer_key AS k
      FROM contact_0 AS e
      WHERE
        e.is_dunning_contact
        AND NOT (
          e.email IS NULL
        )
        AND NOT COALESCE(e.bounced, FALSE)
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
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
      FROM document_0 AS e
      LEFT JOIN todays_rates AS r1
        ON r1.currency = e.open_amount_currency
      WHERE
        NOT COALESCE(e."type" = 'down_payment_request', FALSE)
    ) AS r
    GROUP BY
      k
  ) AS g2
    ON g2.k = s.row_key
), document_1 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    CASE
      WHEN s.due_date < CAST('2026-11-22' AS DATE)
      THEN CAST(CAST('2026-11-22' AS DATE) - s.due_date AS BIGINT)
    END AS days_overdue,
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit,
    s.ignored AS ignored,
    s.promised_on AS promised_on,
    s.status AS status,
    s.comment AS comment
  FROM document_0 AS s
), customer_2 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    CASE
      WHEN (
        NOT s.risky AND v1.nd_amount > 0
      ) AND s.risky
      THEN 3
      WHEN s.risky
      THEN 2
      WHEN NOT s.risky AND v1.nd_amount > 0
      THEN 1
    END AS decided_cover_nd, /* decided cover ND */
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.policy_key AS policy_key,
    CASE WHEN s.risky THEN 1 WHEN s.current_group_risky THEN 2 END AS decided_group_risky, /* decided group Risky */
    s.current_group_risky AS current_group_risky,
    s.current_portfolio_marie AS current_portfolio_marie,
    s.has_dunning_email AS has_dunning_email,
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    s.outstanding AS outstanding,
    g1.a0x AS oldest_overdue_days,
    s.row_key AS row_key
  FROM customer_1 AS s
  LEFT JOIN (
    SELECT
      k,
      MAX(r.x0) AS a0x
    FROM (
      SELECT
        e.customer_key AS k,
        e.days_overdue AS x0
      FROM document_1 AS e
      WHERE
        e.is_open_debit AND NOT COALESCE(e.ignored, FALSE)
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
  LEFT JOIN policy_0 AS v1
    ON v1.row_key = s.policy_key
), document_2 AS MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.days_overdue AS days_overdue,
    s.is_open_debit AS is_open_debit,
    s.ignored AS ignored,
    CASE
      WHEN s.is_open_debit AND s.promised_on >= CAST('2026-11-22' AS DATE)
      THEN 1
    END AS decided_document_status, /* decided document_status */
    s.status AS status,
    s.comment AS comment
  FROM document_1 AS s
), customer_3 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    CASE WHEN s.decided_cover_nd = 1 THEN v1.nd_amount END AS after_cover_nd,
    CASE WHEN s.decided_cover_nd = 1 THEN v1.nd_amount_currency END AS after_cover_nd_currency,
    s.decided_group_risky AS decided_group_risky,
    s.current_group_risky AS current_group_risky,
    CASE
      WHEN s.decided_group_risky IN (2, 3)
      THEN FALSE
      WHEN s.decided_group_risky = 1
      THEN TRUE
      ELSE s.current_group_risky
    END AS planned_group_risky, /* planned group Risky */
    s.current_portfolio_marie AS current_portfolio_marie,
    s.has_dunning_email AS has_dunning_email,
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    s.outstanding AS outstanding,
    s.oldest_overdue_days AS oldest_overdue_days,
    s.row_key AS row_key
  FROM customer_2 AS s
  LEFT JOIN policy_0 AS v1
    ON v1.row_key = s.policy_key
), document_3 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.days_overdue AS days_overdue,
    s.is_open_debit AS is_open_debit,
    s.ignored AS ignored,
    CASE WHEN s.decided_document_status = 1 THEN 'promise' END AS after_document_status,
    s.status AS status,
    s.comment AS comment
  FROM document_2 AS s
), customer_4 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    CASE
      WHEN s.decided_cover_nd IN (2, 3)
      THEN NULL
      WHEN s.after_cover_nd > 0
      THEN s.after_cover_nd
      ELSE s.current_cover_nd
    END AS amount_cover_nd,
    CASE
      WHEN s.decided_cover_nd IN (2, 3)
      THEN 'EUR'
      WHEN s.after_cover_nd > 0
      THEN s.after_cover_nd_currency
      ELSE s.current_cover_nd_currency
    END AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.after_cover_nd_currency AS after_cover_nd_currency,
    s.decided_group_risky AS decided_group_risky,
    s.current_group_risky AS current_group_risky,
    s.planned_group_risky AS planned_group_risky,
    CASE WHEN s.planned_group_risky THEN 1 WHEN s.current_portfolio_marie THEN 2 END AS decided_portfolio_marie, /* decided portfolio Marie */
    s.current_portfolio_marie AS current_portfolio_marie,
    s.has_dunning_email AS has_dunning_email,
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    s.outstanding AS outstanding,
    s.oldest_overdue_days AS oldest_overdue_days,
    s.row_key AS row_key
  FROM customer_3 AS s
), document_4 AS MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.days_overdue AS days_overdue,
    s.is_open_debit AS is_open_debit,
    s.ignored AS ignored,
    CASE
      WHEN NOT (
        s.after_document_status IS NULL
      )
      THEN s.after_document_status
      ELSE s.status
    END AS planned_document_status, /* planned document_status */
    s.comment AS comment
  FROM document_3 AS s
), customer_5 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.amount_cover_nd AS amount_cover_nd,
    s.amount_cover_nd_currency AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.after_cover_nd_currency AS after_cover_nd_currency,
    s.decided_group_risky AS decided_group_risky,
    s.current_group_risky AS current_group_risky,
    s.planned_group_risky AS planned_group_risky,
    s.decided_portfolio_marie AS decided_portfolio_marie,
    s.current_portfolio_marie AS current_portfolio_marie,
    CASE
      WHEN s.decided_portfolio_marie IN (2, 3)
      THEN FALSE
      WHEN s.decided_portfolio_marie = 1
      THEN TRUE
      ELSE s.current_portfolio_marie
    END AS planned_portfolio_marie, /* planned portfolio Marie */
    s.has_dunning_email AS has_dunning_email,
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    s.outstanding AS outstanding,
    s.oldest_overdue_days AS oldest_overdue_days,
    s.row_key AS row_key
  FROM customer_4 AS s
), document_5 AS NOT MATERIALIZED (
  SELECT
    s.customer_key AS customer_key,
    s.days_overdue AS days_overdue,
    s.is_open_debit AS is_open_debit,
    s.ignored AS ignored,
    COALESCE(s.planned_document_status IS NULL AND COALESCE(s.comment, '') = '', FALSE) AS unqualified
  FROM document_4 AS s
), customer_6 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.amount_cover_nd AS amount_cover_nd,
    s.amount_cover_nd_currency AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.after_cover_nd_currency AS after_cover_nd_currency,
    s.decided_group_risky AS decided_group_risky,
    s.current_group_risky AS current_group_risky,
    s.planned_group_risky AS planned_group_risky,
    s.decided_portfolio_marie AS decided_portfolio_marie,
    s.current_portfolio_marie AS current_portfolio_marie,
    s.planned_portfolio_marie AS planned_portfolio_marie,
    g1.a0x AS oldest_unqualified_overdue_days,
    s.has_dunning_email AS has_dunning_email,
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    s.outstanding AS outstanding,
    s.oldest_overdue_days AS oldest_overdue_days
  FROM customer_5 AS s
  LEFT JOIN (
    SELECT
      k,
      MAX(r.x0) AS a0x
    FROM (
      SELECT
        e.customer_key AS k,
        e.days_overdue AS x0
      FROM document_5 AS e
      WHERE
        e.is_open_debit AND NOT COALESCE(e.ignored, FALSE) AND e.unqualified
    ) AS r
    GROUP BY
      k
  ) AS g1
    ON g1.k = s.row_key
), customer_7 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.amount_cover_nd AS amount_cover_nd,
    s.amount_cover_nd_currency AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.after_cover_nd_currency AS after_cover_nd_currency,
    s.decided_group_risky AS decided_group_risky,
    s.current_group_risky AS current_group_risky,
    s.planned_group_risky AS planned_group_risky,
    s.decided_portfolio_marie AS decided_portfolio_marie,
    s.current_portfolio_marie AS current_portfolio_marie,
    s.planned_portfolio_marie AS planned_portfolio_marie,
    CASE
      WHEN s.oldest_unqualified_overdue_days > 60
      THEN 1
      WHEN s.has_dunning_email
      THEN 2
      WHEN TRUE
      THEN 999999
    END AS decided_scenario, /* decided scenario */
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    s.outstanding AS outstanding,
    s.oldest_overdue_days AS oldest_overdue_days
  FROM customer_6 AS s
), customer_8 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.amount_cover_nd AS amount_cover_nd,
    s.amount_cover_nd_currency AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.after_cover_nd_currency AS after_cover_nd_currency,
    s.decided_group_risky AS decided_group_risky,
    s.current_group_risky AS current_group_risky,
    s.planned_group_risky AS planned_group_risky,
    s.decided_portfolio_marie AS decided_portfolio_marie,
    s.current_portfolio_marie AS current_portfolio_marie,
    s.planned_portfolio_marie AS planned_portfolio_marie,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    s.locked AS locked,
    CASE
      WHEN s.decided_scenario = 1
      THEN 'No reminder'
      WHEN s.decided_scenario = 2
      THEN 'Standard'
    END AS after_scenario,
    CASE
      WHEN (
        s.decided_scenario >= 0 AND s.decided_scenario < 1000000
      ) AND s.locked
      THEN TRUE
      ELSE FALSE
    END AS f_1,
    s.outstanding AS outstanding,
    s.oldest_overdue_days AS oldest_overdue_days
  FROM customer_7 AS s
), customer_9 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.amount_cover_nd AS amount_cover_nd,
    s.amount_cover_nd_currency AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.after_cover_nd_currency AS after_cover_nd_currency,
    s.decided_group_risky AS decided_group_risky,
    s.current_group_risky AS current_group_risky,
    s.planned_group_risky AS planned_group_risky,
    s.decided_portfolio_marie AS decided_portfolio_marie,
    s.current_portfolio_marie AS current_portfolio_marie,
    s.planned_portfolio_marie AS planned_portfolio_marie,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    CASE
      WHEN CASE
        WHEN (
          s.decided_scenario >= 0 AND s.decided_scenario < 1000000
        ) AND s.locked
        THEN TRUE
        ELSE FALSE
      END
      THEN s.current_scenario
      WHEN s.decided_scenario = 999999
      THEN NULL
      WHEN NOT (
        s.after_scenario IS NULL
      )
      THEN s.after_scenario
      ELSE s.current_scenario
    END AS planned_scenario, /* planned scenario */
    s.after_scenario AS after_scenario,
    s.f_1 AS f_1,
    s.outstanding AS outstanding,
    s.oldest_overdue_days AS oldest_overdue_days
  FROM customer_8 AS s
)
SELECT
  *
FROM (
  SELECT
    s.code AS subject,
    s."name" AS label,
    s.decided_cover_nd AS decided_0,
    s.current_cover_nd AS before_0,
    s.current_cover_nd_currency AS before_0_currency,
    s.amount_cover_nd AS planned_0,
    s.amount_cover_nd_currency AS planned_0_currency,
    s.after_cover_nd AS after_0,
    s.after_cover_nd_currency AS after_0_currency,
    CASE
      WHEN s.amount_cover_nd IS DISTINCT FROM s.current_cover_nd
      OR (
        NOT s.amount_cover_nd IS NULL
        AND s.amount_cover_nd_currency IS DISTINCT FROM s.current_cover_nd_currency
      )
      THEN 1
      WHEN NOT s.decided_cover_nd IS NULL
      AND (
        NOT (
          s.decided_cover_nd IN (2, 3)
        )
        AND (
          s.after_cover_nd IS NULL OR s.after_cover_nd <= 0
        )
      )
      THEN 2
    END AS found_0,
    s.decided_group_risky AS decided_1,
    s.current_group_risky AS before_1,
    s.planned_group_risky AS planned_1,
    CASE WHEN s.planned_group_risky IS DISTINCT FROM s.current_group_risky THEN 1 END AS found_1,
    s.decided_portfolio_marie AS decided_2,
    s.current_portfolio_marie AS before_2,
    s.planned_portfolio_marie AS planned_2,
    CASE
      WHEN s.planned_portfolio_marie IS DISTINCT FROM s.current_portfolio_marie
      THEN 1
    END AS found_2,
    s.decided_scenario AS decided_3,
    s.current_scenario AS before_3,
    s.planned_scenario AS planned_3,
    s.after_scenario AS after_3,
    s.f_1 AS excepted_3,
    CASE
      WHEN s.planned_scenario IS DISTINCT FROM s.current_scenario
      AND s.decided_scenario BETWEEN 0 AND 999999
      THEN COALESCE(
        REGEXP_REPLACE(CAST(CAST(s.outstanding AS DECIMAL(38, 10)) AS TEXT), '(\.\d\d\d*?)0+$', '\1') || ' EUR',
        '–'
      ) || ' outstanding, oldest ' || COALESCE(CAST(CAST(s.oldest_overdue_days AS DECIMAL(38, 0)) AS TEXT), '–') || ' days'
    END AS because_3,
    CASE
      WHEN s.planned_scenario IS DISTINCT FROM s.current_scenario
      THEN 1
      WHEN NOT s.decided_scenario IS NULL
      AND (
        (
          NOT (
            s.decided_scenario = 999999
          ) AND s.after_scenario IS NULL
        )
        OR (
          s.f_1 AND s.after_scenario IS DISTINCT FROM s.current_scenario
        )
      )
      THEN 2
    END AS found_3
  FROM customer_9 AS s
) AS d
WHERE
  NOT found_0 IS NULL
  OR decided_0 = 3
  OR NOT found_1 IS NULL
  OR decided_1 = 3
  OR NOT found_2 IS NULL
  OR decided_2 = 3
  OR NOT found_3 IS NULL;

-- the rows of document on which the rules change, hold or contradict something, as of 2026-11-22
--   document_status (targets.rules:23)
WITH document_0 AS NOT MATERIALIZED (
  SELECT
    self."number" AS "number",
    self.open_amount AS open_amount,
    self."type" AS "type",
    self.promised_on AS promised_on,
    self.status AS status
  FROM document AS self
), document_1 AS NOT MATERIALIZED (
  SELECT
    s."number" AS "number",
    COALESCE(
      s.open_amount > 0 AND NOT COALESCE(s."type" = 'down_payment_request', FALSE),
      FALSE
    ) AS is_open_debit,
    s.promised_on AS promised_on,
    s.status AS status
  FROM document_0 AS s
), document_2 AS MATERIALIZED (
  SELECT
    s."number" AS "number",
    CASE
      WHEN s.is_open_debit AND s.promised_on >= CAST('2026-11-22' AS DATE)
      THEN 1
    END AS decided_document_status, /* decided document_status */
    s.status AS status
  FROM document_1 AS s
), document_3 AS NOT MATERIALIZED (
  SELECT
    s."number" AS "number",
    s.decided_document_status AS decided_document_status,
    s.status AS status,
    CASE WHEN s.decided_document_status = 1 THEN 'promise' END AS after_document_status
  FROM document_2 AS s
), document_4 AS MATERIALIZED (
  SELECT
    s."number" AS "number",
    s.decided_document_status AS decided_document_status,
    s.status AS status,
    CASE
      WHEN NOT (
        s.after_document_status IS NULL
      )
      THEN s.after_document_status
      ELSE s.status
    END AS planned_document_status, /* planned document_status */
    s.after_document_status AS after_document_status
  FROM document_3 AS s
)
SELECT
  *
FROM (
  SELECT
    s."number" AS subject,
    s."number" AS label,
    s.decided_document_status AS decided_0,
    s.status AS before_0,
    s.planned_document_status AS planned_0,
    s.after_document_status AS after_0,
    CASE
      WHEN s.planned_document_status IS DISTINCT FROM s.status
      THEN 1
      WHEN NOT s.decided_document_status IS NULL AND s.after_document_status IS NULL
      THEN 2
    END AS found_0
  FROM document_4 AS s
) AS d
WHERE
  NOT found_0 IS NULL;
