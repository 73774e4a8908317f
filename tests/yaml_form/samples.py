"""Rules in YAML that several tests read."""

from __future__ import annotations

# the example of the language's description
SPEC_EXAMPLE = r"""params: {large: {type: money, value: 500_000 EUR}}
searches:
  strategic: {label: Strategic customers, where: outstanding >= large and not very_late}
  risky:
    label: Risky customers
    where: {any: ["insurer_score < 4", {all: ["payer_profile = \"bad\"", "outstanding > 25_000 EUR"]}]}
assign:
  - scenario: Dunning scenarios
    lines: [{value: No reminder, to: very_late}, {value: Automatic, to: small}]
    otherwise: keep
    guard: at most 20%
  - group: Very late customers
    add: very_late
    remove: others
  - cover: ND
    eligibility: nd_eligible
    amount: 20_000 EUR
    removal: nd_not_eligible
defines: {late_share: overdue / outstanding, days_late: {on: document, is: days(today - due_date)}}
scores:
  credit_points: {base: 50, points: [{add: 20, when: customer_age_years >= 10}, {by: average_days_late, bands: [{up to: 0, is: 20}, {above: -20}, {missing: -5}]}], classes: [{A: 80}, {B: 60}, {otherwise: C}]}
alerts: {foreclosure: {on: document, level: high, for: risk, where: near_deadline, show: [customer.code, number], order by: [days_to_declaration_deadline descending]}}
reports: {turnover: {on: document, where: issue_date in previous month, group by: [currency], show: {turnover: sum(net_amount), documents: count()}}}
require: {"No ND after a refusal": {no: customer, where: has cover "ND" and refused_named_limit}}
hold: {"Locked by a user": {on: customer, where: locked}}
warn: {"Nobody without a collector": {no: customer, where: active and collector is missing}}
use: [{pack: startup_strategy, as: start, with: {large: 250_000 EUR}}]
"""  # noqa: E501

# the same rules in the rule language, statement for statement
SPEC_EXAMPLE_RULES = """param large: money = 500_000 EUR
search strategic "Strategic customers" where outstanding >= large and not very_late
search risky "Risky customers" where insurer_score < 4 or payer_profile = "bad" and outstanding > 25_000 EUR
assign scenario "Dunning scenarios"
  "No reminder" to very_late
  "Automatic" to small
  otherwise keep
  guard at most 20%
assign group "Very late customers" add very_late remove others
assign cover "ND" eligibility nd_eligible amount 20_000 EUR removal nd_not_eligible
define late_share = overdue / outstanding
define days_late on document = days(today - due_date)
score credit_points
  base 50
  points +20 when customer_age_years >= 10
  points by average_days_late: up to 0 is 20, above is -20, missing is -5
  class "A" from 80
  class "B" from 60
  class otherwise "C"
alert foreclosure on document level high for risk
  where near_deadline
  show customer.code, number
  order by days_to_declaration_deadline descending
report turnover on document
  where issue_date in previous month
  group by currency
  show sum(net_amount) as turnover, count() as documents
require "No ND after a refusal" no customer where has cover "ND" and refused_named_limit
hold "Locked by a user" on customer where locked
warn "Nobody without a collector" no customer where active and collector is missing
use "startup_strategy" as start with large = 250_000 EUR
"""
