"""Reports, each as chart, table, XLSX and CSV."""

from api.console.edge import router as pages

router = pages()
