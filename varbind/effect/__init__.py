"""The second stage: from changes of binding to changes of promoter activity."""
