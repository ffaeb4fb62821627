-- Question: which input rows could not be used, and why?
-- Grain:    one row per table, source, cause and column
-- Units:    rows; first_line: line or row number in the source
-- Order:    rows downwards, table, source, code, column
select
    "table",
    source,
    code,
    "column",
    count(*) as rows,
    min(line) as first_line,
    arg_min(reason, line) as first_reason
from rejects
group by "table", source, code, "column"
order by rows desc, "table", source, code, "column";
