# report.awk - holds a report in bytes (-unit B) against its law, and passes it on:
# the rows of a group add up to its subtotal, and the subtotals to RSS.
#
# -v least="GROUP/ROW=BYTES;...": rows that are to be there, with no less.

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
                wrong(group " has rows of " sum " and a subtotal of " $(NF - 1))
        all += sum
        sum = 0
}

END {
        if (all == 0 || all != rss)
                wrong("the groups are " all " in all, RSS is " rss)
        for (n = split(least, wanted, ";"); n > 0; n--) {
                split(wanted[n], part, "=")
                if (bytes[part[1]] < part[2] + 0)
                        wrong(part[1] " is " bytes[part[1]] + 0 ", not " part[2] " or more")
        }
        exit failed
}
