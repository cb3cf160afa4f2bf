ARG A
FROM ${A:-${B:-scratch}}
