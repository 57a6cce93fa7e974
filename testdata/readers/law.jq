# Checks that groups, categories and names add up to RSS, in doubles.
def rss: map(.rss // 0) | add // 0;
(.totals.rss // 0) as $rss
| (.groups | rss) == $rss
  and ([.groups[].categories[]] | rss) == $rss
  and all(.groups[]; .rss == null or .rss == (.categories | rss))
  and (.names | rss) == ([.groups[] | select(.id == "named")] | rss)
