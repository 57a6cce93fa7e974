# report.awk - checks and prints a report in bytes (-unit B): the rows of each group add up to its
# subtotal, and the subtotals to RSS.
#
# -v least="GROUP/ROW=BYTES;...": rows that must have at least so many bytes.

function wrong(text)
{
        print "report.awk: " text > "/dev/stderr"
        failed = 1
}

{ print }

/^=== Totals ===$/ { totals = 1 }

/^RSS \(Resident\): / { rss = $3 }

totals || $NF != "B" { if (/^[A-Z].*:$/) group = substr($0, 1, length($0) - 1); next }

{
        row = $0
        sub(/:? +[0-9]+ B$/, "", row)
        sub(/^  /, "", row)
        bytes[group "/" row] = $(NF - 1)
}

row != "Subtotal" { sum += $(NF - 1) }

row == "Subtotal" {
        if (sum != $(NF - 1))
                wrong(group ": the rows add up to " sum ", but the subtotal is " $(NF - 1))
        all += sum
        sum = 0
}

END {
        if (all == 0 || all != rss)
                wrong("the subtotals add up to " all ", but RSS is " rss)
        for (n = split(least, wanted, ";"); n > 0; n--) {
                split(wanted[n], part, "=")
                if (bytes[part[1]] < part[2] + 0)
                        wrong(part[1] " is " bytes[part[1]] + 0 ", want at least " part[2])
        }
        exit failed
}
