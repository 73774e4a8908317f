-- the rows of customer on which the rules change, hold or contradict something, as of 2026-11-22
--   cover:ND (memory.rules:9)
--   scenario (memory.rules:2)
WITH todays_rates AS MATERIALIZED (
  SELECT
    currency,
    rate
  FROM (
    SELECT
      currency,
      rate,
      ROW_NUMBER() OVER (PARTITION BY currency ORDER BY "on" DESC NULLS LAST) AS n
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
    self.active AS active,
    c1.m0 AS current_cover_nd,
    c1.k0 AS current_cover_nd_currency,
    j1.removed_on_0 AS cover_nd_removed_on,
    c2."value" AS current_scenario,
    j2.spell_on_0 AS scenario_spell_on,
    j2.last_on AS scenario_last_on,
    j2.after AS scenario_after,
    j2.spell_before_0 AS scenario_spell_before,
    j2.changed_on_0 AS scenario_changed_on,
    c3."value" AS current_collector,
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
  LEFT JOIN assignrules_target_scenario AS c2
    ON c2.subject = self.code
  LEFT JOIN assignrules_target_collector AS c3
    ON c3.subject = self.code
  LEFT JOIN (
    SELECT
      subject,
      MAX(CASE WHEN "number" = 1 THEN as_of END) AS last_on,
      MAX(CASE WHEN "number" = 1 THEN after END) AS after,
      MAX(CASE WHEN rule = 'cover:ND' THEN as_of END) AS changed_on_0,
      MAX(
        CASE
          WHEN rule = 'cover:ND' AND action IN ('clear', 'remove', 'withdraw')
          THEN as_of
        END
      ) AS removed_on_0
    FROM (
      SELECT
        c.subject,
        c.rule,
        c.action,
        c.before,
        c.after,
        r.as_of,
        ROW_NUMBER() OVER (PARTITION BY c.subject ORDER BY c.run DESC NULLS LAST, c.sequence DESC NULLS LAST) AS "number",
        LAG(c.rule) OVER (PARTITION BY c.subject ORDER BY c.run ASC NULLS FIRST, c.sequence ASC NULLS FIRST) AS former_rule,
        LAG(c.after) OVER (PARTITION BY c.subject ORDER BY c.run ASC NULLS FIRST, c.sequence ASC NULLS FIRST) AS former_after
      FROM assignrules_change AS c
      JOIN assignrules_run AS r
        ON r.id = c.run
      WHERE
        c.target = 'cover' AND c.member = 'ND'
    ) AS h
    GROUP BY
      subject
  ) AS j1
    ON j1.subject = self.code
  LEFT JOIN (
    SELECT
      subject,
      MAX(CASE WHEN "number" = 1 THEN as_of END) AS last_on,
      MAX(CASE WHEN "number" = 1 THEN after END) AS after,
      MAX(CASE WHEN rule = 'scenario' THEN as_of END) AS changed_on_0,
      MAX(
        CASE
          WHEN rule = 'scenario' AND action IN ('clear', 'remove', 'withdraw')
          THEN as_of
        END
      ) AS removed_on_0,
      MAX(CASE WHEN "number" = first_0 THEN as_of END) AS spell_on_0,
      MAX(CASE WHEN "number" = first_0 THEN before END) AS spell_before_0
    FROM (
      SELECT
        *,
        CASE
          WHEN MAX(CASE WHEN "number" = 1 AND rule = 'scenario' THEN 1 END) OVER (PARTITION BY subject) = 1
          THEN MIN(
            CASE
              WHEN rule = 'scenario'
              AND (
                former_rule IS DISTINCT FROM 'scenario' OR former_after IS DISTINCT FROM before
              )
              THEN "number"
            END
          ) OVER (PARTITION BY subject)
        END AS first_0
      FROM (
        SELECT
          c.subject,
          c.rule,
          c.action,
          c.before,
          c.after,
          r.as_of,
          ROW_NUMBER() OVER (PARTITION BY c.subject ORDER BY c.run DESC NULLS LAST, c.sequence DESC NULLS LAST) AS "number",
          LAG(c.rule) OVER (PARTITION BY c.subject ORDER BY c.run ASC NULLS FIRST, c.sequence ASC NULLS FIRST) AS former_rule,
          LAG(c.after) OVER (PARTITION BY c.subject ORDER BY c.run ASC NULLS FIRST, c.sequence ASC NULLS FIRST) AS former_after
        FROM assignrules_change AS c
        JOIN assignrules_run AS r
          ON r.id = c.run
        WHERE
          c.target = 'scenario' AND c.member IS NULL
      ) AS n
    ) AS h
    GROUP BY
      subject
  ) AS j2
    ON j2.subject = self.code
), document_0 AS NOT MATERIALIZED (
  SELECT
    self.customer AS customer_key,
    self.open_amount_currency AS open_amount_currency,
    self.open_amount AS open_amount,
    self."type" AS "type",
    self.due_date AS due_date
  FROM document AS self
), customer_1 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    CASE WHEN s.active THEN 1 END AS decided_cover_nd, /* decided cover ND */
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.cover_nd_removed_on AS cover_nd_removed_on,
    s.current_scenario AS current_scenario,
    s.scenario_spell_on AS scenario_spell_on,
    s.scenario_last_on AS scenario_last_on,
    s.scenario_after AS scenario_after,
    s.scenario_spell_before AS scenario_spell_before,
    s.scenario_changed_on AS scenario_changed_on,
    s.current_collector AS current_collector,
    s.row_key AS row_key
  FROM customer_0 AS s
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
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    CASE WHEN s.decided_cover_nd = 1 THEN CAST(20000 AS DECIMAL(38, 10)) END AS after_cover_nd,
    s.cover_nd_removed_on AS cover_nd_removed_on,
    COALESCE(g1.a0s, 0) AS overdue,
    s.current_scenario AS current_scenario,
    s.scenario_spell_on AS scenario_spell_on,
    s.scenario_last_on AS scenario_last_on,
    s.scenario_after AS scenario_after,
    s.scenario_spell_before AS scenario_spell_before,
    s.scenario_changed_on AS scenario_changed_on,
    s.current_collector AS current_collector
  FROM customer_1 AS s
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
          ELSE CAST(ROUND(CAST(CAST(e.open_amount AS DECIMAL(38, 10)) * r1.rate AS DECIMAL(38, 20)), 10) AS DECIMAL(38, 10))
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
), customer_3 AS MATERIALIZED (
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
    END AS wanted_cover_nd,
    CASE
      WHEN s.decided_cover_nd IN (2, 3)
      THEN 'EUR'
      WHEN s.after_cover_nd > 0
      THEN 'EUR'
      ELSE s.current_cover_nd_currency
    END AS wanted_cover_nd_currency,
    s.cover_nd_removed_on AS cover_nd_removed_on,
    s.after_cover_nd AS after_cover_nd,
    CASE WHEN s.overdue > 0 THEN 1 WHEN TRUE THEN 999999 END AS decided_scenario, /* decided scenario */
    s.current_scenario AS current_scenario,
    s.scenario_spell_on AS scenario_spell_on,
    s.scenario_last_on AS scenario_last_on,
    s.scenario_after AS scenario_after,
    s.scenario_spell_before AS scenario_spell_before,
    s.scenario_changed_on AS scenario_changed_on,
    s.current_collector AS current_collector,
    s.overdue AS overdue
  FROM customer_2 AS s
), customer_4 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    NOT COALESCE(
      (
        s.wanted_cover_nd = s.current_cover_nd
        AND CASE WHEN NOT s.wanted_cover_nd IS NULL THEN s.wanted_cover_nd_currency END = CASE WHEN NOT s.current_cover_nd IS NULL THEN s.current_cover_nd_currency END
      )
      OR (
        s.wanted_cover_nd IS NULL AND s.current_cover_nd IS NULL
      ),
      FALSE
    ) AS change_cover_nd,
    s.wanted_cover_nd AS wanted_cover_nd,
    s.cover_nd_removed_on AS cover_nd_removed_on,
    s.wanted_cover_nd_currency AS wanted_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    CASE
      WHEN s.decided_scenario = 1
      THEN 'Firm'
      WHEN s.decided_scenario = 999999
      THEN CASE
        WHEN NOT (
          s.scenario_spell_on IS NULL
        )
        AND NOT (
          NOT (
            s.scenario_last_on IS NULL
          )
          AND NOT COALESCE(
            s.current_scenario = s.scenario_after
            OR (
              s.current_scenario IS NULL AND s.scenario_after IS NULL
            ),
            FALSE
          )
        )
        THEN s.scenario_spell_before
        ELSE s.current_scenario
      END
    END AS after_scenario,
    s.scenario_last_on AS scenario_last_on,
    s.scenario_after AS scenario_after,
    s.scenario_changed_on AS scenario_changed_on,
    s.current_collector AS current_collector,
    s.overdue AS overdue
  FROM customer_3 AS s
), customer_5 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    CASE
      WHEN s.change_cover_nd
      AND (
        s.decided_cover_nd >= 0 AND s.decided_cover_nd < 1000000
      )
      AND (
        s.current_cover_nd IS NULL
        AND NOT (
          s.wanted_cover_nd IS NULL
        )
        AND (
          NOT (
            s.cover_nd_removed_on IS NULL
          )
          AND NOT COALESCE(
            s.cover_nd_removed_on <= (
              CAST('2026-11-22' AS DATE) + CAST((
                -90
              ) AS INT)
            ),
            FALSE
          )
        )
      )
      THEN 1
    END AS early_cover_nd,
    s.wanted_cover_nd AS wanted_cover_nd,
    s.wanted_cover_nd_currency AS wanted_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    CASE
      WHEN s.decided_scenario = 999999
      THEN s.after_scenario
      WHEN NOT (
        s.after_scenario IS NULL
      )
      THEN s.after_scenario
      ELSE s.current_scenario
    END AS wanted_scenario,
    s.scenario_last_on AS scenario_last_on,
    s.scenario_after AS scenario_after,
    s.scenario_changed_on AS scenario_changed_on,
    s.current_collector AS current_collector,
    s.overdue AS overdue,
    s.after_scenario AS after_scenario
  FROM customer_4 AS s
), customer_6 AS NOT MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    CASE WHEN NOT (
      s.early_cover_nd IS NULL
    ) THEN s.early_cover_nd END AS hold_cover_nd,
    s.wanted_cover_nd AS wanted_cover_nd,
    s.wanted_cover_nd_currency AS wanted_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    NOT COALESCE(
      s.wanted_scenario = s.current_scenario
      OR (
        s.wanted_scenario IS NULL AND s.current_scenario IS NULL
      ),
      FALSE
    ) AS change_scenario,
    s.scenario_last_on AS scenario_last_on,
    s.scenario_after AS scenario_after,
    s.scenario_changed_on AS scenario_changed_on,
    s.current_collector AS current_collector,
    s.overdue AS overdue,
    s.wanted_scenario AS wanted_scenario,
    s.after_scenario AS after_scenario
  FROM customer_5 AS s
), customer_7 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    CASE
      WHEN NOT (
        s.hold_cover_nd IS NULL
      )
      THEN s.current_cover_nd
      ELSE s.wanted_cover_nd
    END AS amount_cover_nd,
    CASE
      WHEN NOT (
        s.hold_cover_nd IS NULL
      )
      THEN s.current_cover_nd_currency
      ELSE s.wanted_cover_nd_currency
    END AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.hold_cover_nd AS hold_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    CASE
      WHEN s.change_scenario
      AND (
        s.decided_scenario >= 0 AND s.decided_scenario < 1000000
      )
      AND (
        NOT (
          s.scenario_last_on IS NULL
        )
        AND NOT COALESCE(
          s.current_scenario = s.scenario_after
          OR (
            s.current_scenario IS NULL AND s.scenario_after IS NULL
          ),
          FALSE
        )
      )
      THEN 0
      WHEN s.change_scenario
      AND (
        s.decided_scenario >= 0 AND s.decided_scenario < 1000000
      )
      AND (
        NOT (
          s.scenario_changed_on IS NULL
        )
        AND NOT COALESCE(
          s.scenario_changed_on <= CAST(CAST('2026-11-22' AS DATE) + (
            (
              -1
            ) * INTERVAL '1 MONTH'
          ) AS DATE),
          FALSE
        )
      )
      THEN 1
    END AS early_scenario,
    s.change_scenario AS change_scenario,
    s.current_collector AS current_collector,
    s.overdue AS overdue,
    s.wanted_scenario AS wanted_scenario,
    s.after_scenario AS after_scenario
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
    s.hold_cover_nd AS hold_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    s.early_scenario AS early_scenario,
    COALESCE(
      s.change_scenario
      AND (
        s.decided_scenario >= 0 AND s.decided_scenario < 1000000
      )
      AND s.early_scenario IS NULL,
      FALSE
    ) AS open_scenario_0,
    s.current_collector AS current_collector,
    s.overdue AS overdue,
    s.wanted_scenario AS wanted_scenario,
    s.after_scenario AS after_scenario
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
    s.hold_cover_nd AS hold_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    s.early_scenario AS early_scenario,
    s.open_scenario_0 AS open_scenario_0,
    s.open_scenario_0
    AND ROW_NUMBER() OVER (
      PARTITION BY s.open_scenario_0, s.current_collector
      ORDER BY CASE WHEN s.overdue IS NULL THEN 1 ELSE 0 END ASC NULLS FIRST, s.overdue DESC NULLS LAST, s.code COLLATE "C" ASC NULLS FIRST
    ) <= 50 AS made_scenario_0,
    s.wanted_scenario AS wanted_scenario,
    s.after_scenario AS after_scenario
  FROM customer_8 AS s
), customer_10 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.amount_cover_nd AS amount_cover_nd,
    s.amount_cover_nd_currency AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.hold_cover_nd AS hold_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    CASE
      WHEN NOT (
        s.early_scenario IS NULL
      )
      THEN s.early_scenario
      WHEN s.open_scenario_0 AND NOT s.made_scenario_0
      THEN 2
    END AS hold_scenario,
    s.wanted_scenario AS wanted_scenario,
    s.after_scenario AS after_scenario
  FROM customer_9 AS s
), customer_11 AS MATERIALIZED (
  SELECT
    s.code AS code,
    s."name" AS "name",
    s.decided_cover_nd AS decided_cover_nd,
    s.current_cover_nd AS current_cover_nd,
    s.current_cover_nd_currency AS current_cover_nd_currency,
    s.amount_cover_nd AS amount_cover_nd,
    s.amount_cover_nd_currency AS amount_cover_nd_currency,
    s.after_cover_nd AS after_cover_nd,
    s.hold_cover_nd AS hold_cover_nd,
    s.decided_scenario AS decided_scenario,
    s.current_scenario AS current_scenario,
    CASE
      WHEN NOT (
        s.hold_scenario IS NULL
      )
      THEN s.current_scenario
      ELSE s.wanted_scenario
    END AS planned_scenario, /* planned scenario */
    s.after_scenario AS after_scenario,
    s.hold_scenario AS hold_scenario
  FROM customer_10 AS s
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
    'EUR' AS after_0_currency,
    s.hold_cover_nd AS hold_0,
    CASE
      WHEN s.amount_cover_nd IS DISTINCT FROM s.current_cover_nd
      OR (
        NOT s.amount_cover_nd IS NULL
        AND s.amount_cover_nd_currency IS DISTINCT FROM s.current_cover_nd_currency
      )
      THEN 1
      WHEN NOT s.hold_cover_nd IS NULL
      OR (
        NOT s.decided_cover_nd IS NULL
        AND (
          NOT (
            s.decided_cover_nd IN (2, 3)
          )
          AND (
            s.after_cover_nd IS NULL OR s.after_cover_nd <= 0
          )
        )
      )
      THEN 2
    END AS found_0,
    s.decided_scenario AS decided_1,
    s.current_scenario AS before_1,
    s.planned_scenario AS planned_1,
    s.after_scenario AS after_1,
    s.hold_scenario AS hold_1,
    CASE
      WHEN s.planned_scenario IS DISTINCT FROM s.current_scenario
      THEN 1
      WHEN NOT s.hold_scenario IS NULL
      OR (
        NOT s.decided_scenario IS NULL
        AND (
          NOT (
            s.decided_scenario = 999999
          ) AND s.after_scenario IS NULL
        )
      )
      THEN 2
    END AS found_1
  FROM customer_11 AS s
) AS d
WHERE
  NOT found_0 IS NULL OR decided_0 = 3 OR NOT found_1 IS NULL;
