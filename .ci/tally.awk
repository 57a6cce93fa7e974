# tally.awk - reads the logs of test runners: lists each skip once, with its reason and the
# stages in which it occurred, and adds up tests. Exits with 1 if a test failed or none ran.
#
# Understands build/tests, `go test -v`, and the lines "PASS: ", "FAIL: " and "skipped: "
# of the scripts in csrc/tests.

function skip(name, reason,    key)
{
	skipped++
	if (stage ~ /^c(-long)?$/)
		skipped_in_c[name] = 1
	key = name ": " reason
	if (!(key in stages)) {
		order[++keys] = key
		name_of[key] = name
	}
	if (index(" " stages[key] ",", " " stage ",") == 0)
		stages[key] = stages[key] (stages[key] == "" ? "" : ", ") stage
}

# Stage c runs all C tests; a log does not name them.
function passed_elsewhere(name)
{
	return name in ran || (c_ran && name ~ /^[a-z]+\// && !(name in skipped_in_c))
}

function list(title, elsewhere,    i, key, shown)
{
	for (i = 1; i <= keys; i++) {
		key = order[i]
		if (passed_elsewhere(name_of[key]) != elsewhere)
			continue
		if (!shown++)
			print title
		print "      " key " [" stages[key] "]"
	}
}

FNR == 1 {
	stage = FILENAME
	sub(/.*\//, "", stage)
	sub(/\.log$/, "", stage)
	if (stage ~ /^c(-long)?$/)
		c_ran = 1
}

# CUnit: tests, total, ran, passed, failed; the tests that called skipped() are among the passed.
/^ +tests +[0-9]/ { passed += $4; failed += $5; next }
/^Tests with skips: / { passed -= $4; next }

/^skipped: / { reason = $0; sub(/^skipped: /, "", reason); name = reason; sub(/: .*/, "", name); sub(/^[^:]*: /, "", reason); skip(name, reason); next }
/^PASS: / { passed++; next }
/^FAIL: / { failed++; next }

# go test -v: what a test logs comes after its === line and before its verdict.
/^=== (RUN|NAME|CONT)/ { test = $3; next }
/^ *--- PASS: / { passed++; ran[$3] = 1; next }
/^ *--- FAIL: / { failed++; next }
/^ *--- SKIP: / { skip($3, logged[$3] == "" ? "no reason given" : logged[$3]); next }
/^ +[A-Za-z0-9_]+_test\.go:[0-9]+: / { text = $0; sub(/^[^:]*:[0-9]+: /, "", text); logged[test] = text }

END {
	list("Skipped:", 0)
	list("Skipped in one stage, and passed in another:", 1)
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0 || passed == 0
}
